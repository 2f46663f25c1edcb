"""One HubSpot object type, read by its list."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field as Named

from fairness_audit.errors import SourceError
from fairness_audit.sources import Count, CursorExpired, Field, Page, Scope, TableError
from fairness_audit.sources.web.answers import Record, Shape, Whole, json_of, shaped
from fairness_audit.sources.web.rest_pages import rows_of
from fairness_audit.sources.web.transport import Refused, Transport

VERSION = "2026-03"
_ROWS_PER_PAGE = 100
_LIVE, _ARCHIVED = "false", "true"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OWN = frozenset({"id", "createdAt", "updatedAt", "archived", "archivedAt"})
_CREATED, _UPDATED = "createdAt", "updatedAt"
_SAME = {
    _CREATED: ("createdate", "hs_createdate"),
    _UPDATED: ("lastmodifieddate", "hs_lastmodifieddate"),
}
"""The properties that say what a record says beside them: search knows properties alone.

Which of them an object has differs: a contact is created at its `createdate`, a quote or a custom
object at its `hs_createdate`; a contact changes at its `lastmodifieddate`.
"""


class _Found(Shape):
    total: Whole


class _Next(Shape):
    after: str = Named(min_length=1)


class _Paging(Shape):
    next: _Next | None = None


class _Object(Shape):
    id: str
    created: str = Named(alias="createdAt")
    updated: str = Named(alias="updatedAt")
    archived: bool
    archived_at: str | None = Named(default=None, alias="archivedAt")
    properties: dict[str, str | None]

    def record(self) -> Record:
        own = self.model_dump(by_alias=True, exclude={"properties"})
        return self.properties | own


class _Objects(Shape):
    results: list[_Object]
    paging: _Paging | None = None


class _Limit(NamedTuple):
    """What a column must be; ``keeps_unknown`` says what becomes of a record that has none."""

    column: str
    sign: str
    bound: datetime
    keeps_unknown: bool = False


class Cursor(NamedTuple):
    """The pass that is under way, and where its next page begins."""

    archived: str = _LIVE
    after: str = ""


class HubspotTable:
    """An object type whose properties the properties API gave."""

    is_ordered = False

    def __init__(
        self, transport: Transport, name: str, fields: Mapping[str, Field], *, as_of: datetime
    ) -> None:
        self._transport, self._name, self._as_of = transport, name, as_of
        self.fields = fields
        self._created = self._property(_CREATED)

    def count(self, wanted: Scope) -> Count:
        """Count the live records by search, and the archived ones by reading them.

        Search cannot see archived records, and nothing else counts them.
        """
        live = self._searched(self._filters(wanted))
        undated = 0
        if wanted.window is not None:
            column = wanted.window.column
            missing = {"propertyName": column, "operator": "NOT_HAS_PROPERTY"}
            undated = 0 if column in _OWN else self._searched([missing])
        archived = sum(
            page.batch.num_rows for page in self._passed(wanted, Cursor(_ARCHIVED), counting=True)
        )
        return Count(live + archived, undated, {})

    def _searched(self, filters: list[dict[str, Any]]) -> int:
        asked = {
            "limit": 1,
            "after": "0",
            "sorts": [],
            "properties": [],
            "filterGroups": [{"filters": filters}],
        }
        return self._transport.json("POST", f"{self._path}/search", _Found, json=asked).total

    def _filters(self, wanted: Scope) -> list[dict[str, Any]]:
        signs = {">=": "GTE", "<": "LT", "<=": "LTE"}
        return [
            {
                "propertyName": self._property(limit.column),
                "operator": signs[limit.sign],
                "value": str(_milliseconds(limit.bound)),
            }
            for limit in self._limits(wanted)
        ]

    def _property(self, column: str) -> str:
        """What search calls a column."""
        if column not in _OWN:
            return column
        same = _SAME.get(column, ())
        for name in same:
            if name in self.fields and pa.types.is_timestamp(self.fields[name].arrow_type):
                return name
        raise TableError(
            f"nobody can count {self._name} by {column}: it has no property that says the same"
            f" ({' or '.join(same) or 'name another column'})"
        )

    def _limits(self, wanted: Scope) -> list[_Limit]:
        # By the very property that search counts by. A record that lacks it is kept: search does
        # not count it, and the counts tell.
        limits = [_Limit(self._created, "<=", self._as_of, keeps_unknown=True)]
        if wanted.window is not None:
            column = wanted.window.column
            limits.append(_Limit(column, ">=", wanted.window.start))
            limits.append(_Limit(column, "<", wanted.window.end))
        return limits

    @property
    def _path(self) -> str:
        return f"/crm/objects/{VERSION}/{self._name}"

    def pages(self, wanted: Scope, resume: str | None = None) -> Iterator[Page]:
        """Read the live records, then the archived ones.

        Raises:
            CursorExpired: the list no longer knows where the next page begins.
        """
        cursor = Cursor(*json.loads(resume)) if resume is not None else Cursor()
        yield from self._passed(wanted, cursor)

    def _passed(self, wanted: Scope, cursor: Cursor, *, counting: bool = False) -> Iterator[Page]:
        while True:
            batch, after = self._page(wanted, cursor)
            if after:
                following = Cursor(cursor.archived, after)
            elif cursor.archived == _LIVE and not counting:
                following = Cursor(_ARCHIVED)
            else:
                yield Page(batch, batch.num_rows)
                return
            yield Page(batch, batch.num_rows, json.dumps(following))
            cursor = following

    def _page(self, wanted: Scope, cursor: Cursor) -> tuple[pa.RecordBatch, str]:
        limits = self._limits(wanted)
        needed = dict.fromkeys([*wanted.columns, *(limit.column for limit in limits)])
        types = {name: self.fields[name].arrow_type for name in needed}
        asked: dict[str, str | int] = {
            "limit": _ROWS_PER_PAGE,
            "archived": cursor.archived,
            "properties": ",".join(name for name in needed if name not in _OWN),
        }
        if cursor.after:
            asked["after"] = cursor.after

        def read(answer: httpx.Response) -> tuple[pa.RecordBatch, str]:
            found = shaped(json_of(answer), _Objects)
            records = [each.record() for each in found.results]
            following = found.paging.next if found.paging else None
            return rows_of(records, types, _value), following.after if following else ""

        try:
            batch, after = self._transport.ask("GET", self._path, read, params=asked)
        except Refused as refused:
            if not cursor.after or refused.refusal.status != 400:
                raise
            raise CursorExpired(f"{self._name}: the list begins anew") from refused
        if after and after == cursor.after:
            raise SourceError(
                f"{self._transport.place}: {self._name}: the list does not go on (try again)"
            )
        return _within(batch, limits).select(list(wanted.columns)), after


def _value(record: Mapping[str, Any], name: str) -> Any:
    """NULL where a record has no such property: then it has no value of it."""
    return record.get(name)


def _within(batch: pa.RecordBatch, limits: list[_Limit]) -> pa.RecordBatch:
    compare = {">=": pc.greater_equal, "<": pc.less, "<=": pc.less_equal}
    for limit in limits:
        bound = pa.scalar(limit.bound.astimezone(UTC), pa.timestamp("us", tz="UTC"))
        inside = compare[limit.sign](batch[limit.column].cast(bound.type), bound)
        batch = batch.filter(pc.fill_null(inside, limit.keeps_unknown))
    return batch


def _milliseconds(moment: datetime) -> int:
    """The first millisecond since 1970 that does not lie before a moment, as search counts."""
    return -((_EPOCH - moment) // timedelta(milliseconds=1))
