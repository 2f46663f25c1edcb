-- The kinds of subjects of a population: how many subjects have exactly the same decisions, and
-- what one of them has, as fine as group_counts.sql counts. Who they are is left behind.
WITH decisions AS (
    SELECT
        subject,
        row(*COLUMNS('^(attr|stratum)_'), outcome, selected) AS cell,
        count(*) AS n,
    FROM read_parquet($path)
    GROUP BY ALL
),

numbered AS (
    SELECT
        cell,
        row_number() OVER (ORDER BY cell) AS place,
    FROM decisions
    GROUP BY cell
),

subjects AS (
    SELECT
        decisions.subject,
        list_sort(list(numbered.place * 4294967296 + decisions.n)) AS cells,
    FROM decisions
    INNER JOIN numbered ON decisions.cell = numbered.cell
    GROUP BY decisions.subject
),

kinds AS (
    SELECT
        row_number() OVER (ORDER BY cells) AS kind,
        count(*) AS subjects,
        min(subject) AS subject,
    FROM subjects
    GROUP BY cells
)

SELECT
    kinds.kind,
    kinds.subjects,
    COLUMNS('^(attr|stratum)_'),
    population.outcome,
    population.selected,
    count(*) AS n,
FROM kinds
INNER JOIN read_parquet($path) AS population ON kinds.subject = population.subject
GROUP BY ALL
ORDER BY ALL
