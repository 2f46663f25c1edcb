"""What is BigQuery's own.

==============================  ==================================================================
int64, float64, bool, date      the same; NaN and infinity of floats are kept
string, bytes                   string, binary
datetime                        timestamp[us]
timestamp                       timestamp[us, UTC]
numeric, numeric(p, s)          decimal128(38, 9), decimal128(p, s)
bignumeric                      string: what reads the files has no decimal type that long
array, struct, json             string: JSON
geography                       string: WKT
anything else                   string: BigQuery's own spelling (time, interval, …)
==============================  ==================================================================
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import cast, func

from fairness_audit.sources.quoting import Column
from fairness_audit.sources.warehouse.dialect import Dialect, Reading, grammar
from fairness_audit.sources.warehouse.statements import Named

_NUMERIC = re.compile(r"NUMERIC\((\d+)(?:, ?(\d+))?\)")


def _spelled(column: Column) -> Column:
    return cast(column, Named("STRING"))


_READINGS = {
    "INT64": Reading(pa.int64()),
    "FLOAT64": Reading(pa.float64()),
    "BOOL": Reading(pa.bool_()),
    "DATE": Reading(pa.date32()),
    "STRING": Reading(pa.string()),
    "BYTES": Reading(pa.binary()),
    "DATETIME": Reading(pa.timestamp("us")),
    "TIMESTAMP": Reading(pa.timestamp("us", tz="UTC")),
    "NUMERIC": Reading(pa.decimal128(38, 9)),
    **dict.fromkeys(("ARRAY", "STRUCT", "JSON"), Reading(pa.string(), func.to_json_string)),
    "GEOGRAPHY": Reading(pa.string(), func.st_astext),
}


def reading_of(kind: str) -> Reading:
    """How a column is read, by what the catalogue says of it."""
    if declared := _NUMERIC.fullmatch(kind):
        digits, scale = declared.groups(default="0")
        return Reading(pa.decimal128(int(digits), int(scale)))
    # STRING(40) and ARRAY<INT64> are of the kinds STRING and ARRAY.
    return _READINGS.get(re.split(r"[(<]", kind)[0], Reading(pa.string(), _spelled))


def _as_of(moment: datetime) -> str:
    # Digits of a clock, so there is nothing to quote; the clause takes constants only.
    stamp = moment.astimezone(UTC).isoformat(" ", "microseconds")
    return f"FOR SYSTEM_TIME AS OF TIMESTAMP '{stamp}'"


def _bytes(column: Column) -> Column:
    return cast(column, Named("BYTES"))


def _catalogue(database: str, schema: str) -> tuple[str, ...]:
    return (database, schema, "INFORMATION_SCHEMA")


BIGQUERY = Dialect(
    name="BigQuery",
    driver="adbc_driver_bigquery.dbapi",
    extra="bigquery",
    grammar=grammar("qmark", with_backticks=True),
    preparation=(),
    moment="SELECT UNIX_MICROS(CURRENT_TIMESTAMP())",
    # The moment of a view is that of its definition; what it reads would be read as it is now.
    still=frozenset({"BASE TABLE", "CLONE", "SNAPSHOT"}),
    zoned="TIMESTAMP",
    unzoned="DATETIME",
    described=("data_type",),
    reading_of=reading_of,
    bytes_of=_bytes,
    catalogue_of=_catalogue,
    as_of=_as_of,
    # Rows come in several streams at once.
    is_ordered=False,
)

_PREFIX = "adbc.bigquery.sql."


def options(*, project: str, extra: Mapping[str, Any]) -> dict[str, str]:
    """What the driver is told: a service account's key, as text or file, or the machine's own."""
    given = {_PREFIX + "project_id": project}
    if extra.get("location"):
        given[_PREFIX + "location"] = str(extra["location"])
    kind, key = "auth_bigquery", None
    if extra.get("keyfile_dict"):
        kind, key = "json_credential_string", extra["keyfile_dict"]
    elif extra.get("key_path"):
        kind, key = "json_credential_file", extra["key_path"]
    given[_PREFIX + "auth_type"] = f"{_PREFIX}auth_type.{kind}"
    if key is not None:
        text = key if isinstance(key, str) else json.dumps(key)
        given[_PREFIX + "auth_credentials"] = text
    return given
