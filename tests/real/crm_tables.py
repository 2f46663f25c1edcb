"""The real tables as a company would hold them: one PostgreSQL schema per CRM, one score log.

A file first goes into a table of its own, every column as text, with the number of its line. What
the CRM's tables are made from it stands in `crm/<crm>.sql`, and what was decided about whom, in
`decisions/<model>.<version>.sql`.
"""

import csv
import gzip
import io
from pathlib import Path

import psycopg
from psycopg import sql

from tests.builders.shared_data import shared_data

HERE = Path(__file__).parent
CRM = HERE / "crm"
DECISIONS = HERE / "decisions"

CRMS = {
    "complete_journey": (
        "complete-journey/demographics.csv",
        "complete-journey/campaign_descriptions.csv",
        "complete-journey/campaigns.csv",
        "complete-journey/coupons.csv.gz",
        "complete-journey/coupon_redemptions.csv",
    ),
    "bank_marketing": ("bank-marketing/bank-additional-full.csv.gz",),
    "compas": (
        "compas/compas_for_aequitas.csv",
        "compas/compas-scores-two-years.no-names.csv.gz",
    ),
    "adult": ("adult/adult_rf_binary.csv",),
}
"""The files each CRM is made from."""


def load_crms(uri: str) -> None:
    """Fill an empty database with every CRM and the score log."""
    with psycopg.connect(uri) as connection:
        _run(connection, CRM / "score_log.sql")
        for crm, files in CRMS.items():
            connection.execute("CREATE SCHEMA raw")
            for name in files:
                _copy(connection, shared_data(*name.split("/")))
            _run(connection, CRM / f"{crm}.sql")
            connection.execute("DROP SCHEMA raw CASCADE")
        for file in sorted(DECISIONS.glob("*.sql")):
            _run(connection, file)


def _run(connection: psycopg.Connection, file: Path) -> None:
    connection.execute(file.read_bytes())


def _copy(connection: psycopg.Connection, file: Path) -> None:
    """Copy a file into `raw.<name>`; an empty cell without quotes is NULL, all else is kept."""
    content = file.read_bytes()
    text = gzip.decompress(content) if file.suffix == ".gz" else content
    header = io.StringIO(text.partition(b"\n")[0].decode())
    delimiter = ";" if b";" in text.partition(b"\n")[0] else ","
    columns = [sql.Identifier(name) for name in next(csv.reader(header, delimiter=delimiter))]
    table = sql.Identifier("raw", file.name.partition(".")[0])
    connection.execute(
        sql.SQL("CREATE TABLE {} (line bigint GENERATED ALWAYS AS IDENTITY, {})").format(
            table, sql.SQL(", ").join(sql.SQL("{} text").format(name) for name in columns)
        )
    )
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, HEADER, DELIMITER {})").format(
        table, sql.SQL(", ").join(columns), sql.Literal(delimiter)
    )
    with connection.cursor().copy(into) as copy:
        copy.write(text)
