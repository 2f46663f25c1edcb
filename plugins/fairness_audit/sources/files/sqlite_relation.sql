-- Tables and views of a name; names are compared letter by letter.
SELECT s.type AS kind
FROM sqlite_schema AS s
WHERE
    s.name = :name
    AND s.type IN ('table', 'view')
