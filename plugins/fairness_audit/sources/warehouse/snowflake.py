"""What is Snowflake's own.

==============================  ==================================================================
number(p, s)                    decimal128(p, s)
float                           double
boolean, date                   the same
text, binary                    string, binary
timestamp_ntz                   timestamp[us]
timestamp_ltz, timestamp_tz     timestamp[us, UTC]
variant, object, array          string: JSON
geography, geometry             string: WKT
anything else                   string: Snowflake's own spelling (time, …)
==============================  ==================================================================

A timestamp with a part of a microsecond is a value that Arrow's type cannot hold: it is counted.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import String, cast, func, literal_column

from fairness_audit.sources.quoting import Column
from fairness_audit.sources.warehouse.dialect import Dialect, Reading, grammar

_MICROSECONDS = 6


def _spelled(column: Column) -> Column:
    return cast(column, String())


def _micros(column: Column) -> Column:
    # A number, because the driver counts nanoseconds unless told otherwise: 292 years, then wraps.
    return func.date_part(literal_column("epoch_microsecond"), column)


def _is_finer(column: Column) -> Column:
    nanoseconds = func.date_part(literal_column("nanosecond"), column)
    return func.mod(nanoseconds, literal_column("1000")) != literal_column("0")


_READINGS = {
    "FLOAT": Reading(pa.float64()),
    "BOOLEAN": Reading(pa.bool_()),
    "DATE": Reading(pa.date32()),
    "TEXT": Reading(pa.string()),
    "BINARY": Reading(pa.binary()),
    **dict.fromkeys(("VARIANT", "OBJECT", "ARRAY"), Reading(pa.string(), func.to_json)),
    **dict.fromkeys(("GEOGRAPHY", "GEOMETRY"), Reading(pa.string(), func.st_aswkt)),
}
_TIMESTAMPS = {
    "TIMESTAMP_NTZ": pa.timestamp("us"),
    "TIMESTAMP_LTZ": pa.timestamp("us", tz="UTC"),
    "TIMESTAMP_TZ": pa.timestamp("us", tz="UTC"),
}


def reading_of(kind: str, digits: Any, scale: Any, fraction: Any) -> Reading:
    """How a column is read, by what the catalogue says of it."""
    if kind == "NUMBER":
        return Reading(pa.decimal128(int(digits), int(scale)))
    if kind in _TIMESTAMPS:
        unfit = None if int(fraction) <= _MICROSECONDS else _is_finer
        return Reading(_TIMESTAMPS[kind], _micros, unfit)
    return _READINGS.get(kind, Reading(pa.string(), _spelled))


def _as_of(moment: datetime) -> str:
    # Digits of a clock, so there is nothing to quote; the clause takes constants only.
    stamp = moment.astimezone(UTC).isoformat(" ", "milliseconds")
    return f"AT (TIMESTAMP => CAST('{stamp}' AS TIMESTAMP_TZ))"


def _bytes(column: Column) -> Column:
    return func.to_binary(column, literal_column("'UTF-8'"))


def _catalogue(database: str, schema: str) -> tuple[str, ...]:
    return (database, "INFORMATION_SCHEMA")


SNOWFLAKE = Dialect(
    name="Snowflake",
    driver="adbc_driver_snowflake.dbapi",
    extra="snowflake",
    grammar=grammar("qmark"),
    preparation=(
        "ALTER SESSION SET TIMEZONE = 'UTC'",
        # A session may be set up to give the first rows only.
        "ALTER SESSION SET ROWS_PER_RESULTSET = 0",
    ),
    moment="SELECT DATE_PART(EPOCH_MICROSECOND, CURRENT_TIMESTAMP())",
    still=frozenset({"BASE TABLE", "VIEW"}),
    zoned="TIMESTAMP_TZ",
    unzoned="TIMESTAMP_NTZ",
    described=("data_type", "numeric_precision", "numeric_scale", "datetime_precision"),
    reading_of=reading_of,
    bytes_of=_bytes,
    catalogue_of=_catalogue,
    as_of=_as_of,
    is_ordered=True,
    resolution=1000,
)
"""A view is held still too: the moment holds for the tables it reads."""

_PREFIX = "adbc.snowflake.sql."
_OPTIONS = {
    "account": _PREFIX + "account",
    "warehouse": _PREFIX + "warehouse",
    "role": _PREFIX + "role",
    "region": _PREFIX + "region",
}


def options(
    *, login: str | None, password: str | None, database: str, extra: Mapping[str, Any]
) -> dict[str, str]:
    """What the driver is told: a login with its password, or with the private key of extra."""
    given = {_OPTIONS[name]: str(extra[name]) for name in _OPTIONS if extra.get(name)}
    given |= {"username": login or "", _PREFIX + "db": database}
    # Numbers as decimals with all their digits.
    given[_PREFIX + "client_option.use_high_precision"] = "true"
    key = extra.get("private_key_content")
    if not key:
        return given | {"password": password or ""}
    key_options = {
        _PREFIX + "auth_type": "auth_jwt",
        _PREFIX + "client_option.jwt_private_key_pkcs8_value": str(key),
    }
    if password:
        key_options[_PREFIX + "client_option.jwt_private_key_pkcs8_password"] = password
    return given | key_options
