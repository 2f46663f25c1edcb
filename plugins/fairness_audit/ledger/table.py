"""The ledger's one table. Its columns other than the envelope are an index, never evidence."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, MetaData, String, Table, Text
from sqlalchemy.types import TypeDecorator

NO_MOMENT = datetime.min.replace(tzinfo=UTC)
"""What is read where a table holds something else in a moment's place: no record is of then."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment that is aware and in UTC on every database, also where there are no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the database the moment in UTC; a naive one is a mistake."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give back an aware moment."""
        if value is None:
            return None
        moment: datetime = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Read what is no moment as none, so that one such row hides no other."""
        read = super().result_processor(dialect, coltype)
        if read is None:
            return None

        def tolerant(value: Any) -> datetime | None:
            try:
                moment: datetime | None = read(value)
            except (ValueError, TypeError, OverflowError):
                return NO_MOMENT
            return moment

        return tolerant


metadata = MetaData()

ledger_table = Table(
    "fairness_audit_ledger",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("record_id", String(64), unique=True, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("model", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("policy_digest", String(64), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("logical_date", UtcDateTime, nullable=False),
    Column("issued", UtcDateTime, nullable=False),
    Column("expires", UtcDateTime, nullable=False),
    Column("prev", String(64), nullable=True),
    Column("envelope", Text, nullable=False),
)
