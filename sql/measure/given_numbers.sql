-- How the numbers of one column of a file that was given to be measured are written.
SELECT
    count(*) FILTER (cell <> '') AS filled,
    count(*) FILTER (ends_with(cell, '%')) AS percentages,
    count(*) FILTER (contains(cell, ',')) AS commas,
    count(*) FILTER (contains(cell, '.')) AS points,
    count(*) FILTER (
        regexp_full_match(cell, '[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+([.][0-9]+)? ?%?')
    ) AS thousands_by_comma,
    count(*) FILTER (
        regexp_full_match(cell, '[+-]?[1-9][0-9]{0,2}([.][0-9]{3})+(,[0-9]+)? ?%?')
    ) AS thousands_by_point,
FROM cells
