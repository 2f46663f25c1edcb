-- How many rows have each value of one column of a file that was given to be measured.
SELECT
    cell,
    count(*) AS n,
FROM cells
GROUP BY ALL
ORDER BY ALL
