-- How many rows of a file that was given to be measured have no finite number, per feature.
SELECT
    count_if(NOT coalesce(isfinite(try_cast(COLUMNS('^feature_') AS DOUBLE)), FALSE)),
FROM given
