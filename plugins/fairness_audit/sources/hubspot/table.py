"""One HubSpot object type, read by its list."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
import pyarrow as pa
import pyarrow.compute as pc

from fairness_audit.errors import SourceError
from fairness_audit.sources import Count, CursorExpired, Field, Page, Scope
from fairness_audit.sources.web.rest_pages import rows_of
from fairness_audit.sources.web.transport import Refused, Transient, Transport, json_of

_ROWS_PER_PAGE = 100
_LIVE, _ARCHIVED = "false", "true"
_CREATED = "createdAt"
_OWN = frozenset({"id", _CREATED, "updatedAt", "archived", "archivedAt"})


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
        self._archived: int | None = None

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
        asked: dict[str, Any] = {"limit": 1, "filterGroups": [{"filters": filters}]}
        path = f"/crm/v3/objects/{self._name}/search"
        return int(self._transport.json("POST", path, json=asked)["total"])

    def _filters(self, wanted: Scope) -> list[dict[str, Any]]:
        names = {_CREATED: "createdate", "updatedAt": "hs_lastmodifieddate", "id": "hs_object_id"}
        signs = {">=": "GTE", "<": "LT", "<=": "LTE"}
        return [
            {
                "propertyName": names.get(column, column),
                "operator": signs[sign],
                "value": str(int(at.timestamp() * 1000)),
            }
            for column, sign, at in self._limits(wanted)
        ]

    def _limits(self, wanted: Scope) -> list[tuple[str, str, datetime]]:
        limits = [(_CREATED, "<=", self._as_of)]
        if wanted.window is not None:
            column = wanted.window.column
            limits += [(column, ">=", wanted.window.start), (column, "<", wanted.window.end)]
        return limits

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
        needed = dict.fromkeys([*wanted.columns, *(column for column, _, _ in limits)])
        types = {name: self.fields[name].arrow_type for name in needed}
        asked: dict[str, str | int] = {
            "limit": _ROWS_PER_PAGE,
            "archived": cursor.archived,
            "properties": ",".join(name for name in needed if name not in _OWN),
        }
        if cursor.after:
            asked["after"] = cursor.after

        def read(answer: httpx.Response) -> tuple[pa.RecordBatch, str]:
            content = json_of(answer)
            if content is None or not isinstance(content.get("results"), list):
                raise Transient("an answer without results")
            following = content.get("paging", {}).get("next", {}).get("after", "")
            return rows_of(content["results"], types, _value), str(following)

        path = f"/crm/v3/objects/{self._name}"
        try:
            batch, after = self._transport.ask("GET", path, read, params=asked)
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
    """A record's own field or a property; a property that is missing was never set.

    Every property asked for is in `properties`, as null if it has no value: one that is not
    there at all is no property of the account.
    """
    if name not in _OWN:
        return record["properties"][name]
    return record[name] if name != "archivedAt" else record.get(name)


def _within(batch: pa.RecordBatch, limits: list[tuple[str, str, datetime]]) -> pa.RecordBatch:
    compare = {">=": pc.greater_equal, "<": pc.less, "<=": pc.less_equal}
    for column, sign, at in limits:
        bound = pa.scalar(at.astimezone(UTC), pa.timestamp("us", tz="UTC"))
        inside = compare[sign](batch[column].cast(bound.type), bound)
        batch = batch.filter(pc.fill_null(inside, False))
    return batch
