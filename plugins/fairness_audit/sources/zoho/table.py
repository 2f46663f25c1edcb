"""One Zoho CRM module, read by bulk read jobs."""

import io
import json
import logging
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

import httpx
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator
from pydantic import Field as Named

from fairness_audit.errors import SourceError
from fairness_audit.sources import Count, CursorExpired, Field, Page, Scope
from fairness_audit.sources.web.answers import (
    Identifier,
    Record,
    Shape,
    Transient,
    Visible,
    Whole,
    Word,
    json_of,
    shaped,
)
from fairness_audit.sources.web.csv_pages import joined, page_of
from fairness_audit.sources.web.rest_pages import rows_of
from fairness_audit.sources.web.transport import Refused, Transport
from fairness_audit.sources.zoho.fields import ID

log = logging.getLogger(__name__)

CREATED = "Created_Time"
LEADS = "Leads"
_FIELDS_PER_JOB = 200
_FIELDS_PER_REQUEST = 50
_ROWS_PER_REQUEST = 200
_BULK, _CONVERTED = "bulk", "converted"
_LARGEST_RESULT = 4 << 30  # bytes a ZIP may unpack to: 200,000 rows are far below


class _Count(Shape):
    ids: Whole = Named(alias="COUNT(id)")


class _Counted(Shape):
    data: list[_Count] = Named(min_length=1, max_length=1)


class _Added(Shape):
    id: Identifier


class _Told(Shape):
    details: _Added


class _Created(Shape):
    data: list[_Told] = Named(min_length=1, max_length=1)


class _Download(Shape):
    count: Whole
    download_url: str = Named(pattern=r"^/[!-~]{1,2000}$")
    more_records: bool
    next_page_token: Visible | None = None


class _Job(Shape):
    state: Annotated[Word, AfterValidator(lambda state: state.replace(" ", "_"))]
    result: _Download | None = None


class _Jobs(Shape):
    data: list[_Job] = Named(min_length=1, max_length=1)


class _Info(Shape):
    count: Whole
    more_records: bool
    next_page_token: Visible | None = None


class _Records(Shape):
    data: list[Record]
    info: _Info


class Cursor(NamedTuple):
    """The pass that is under way, and the token of its next page; ``""`` is the first."""

    passing: str = _BULK
    token: str = ""


class ZohoTable:
    """A module whose fields the settings API gave."""

    is_ordered = False

    def __init__(
        self, transport: Transport, name: str, fields: Mapping[str, Field], *, as_of: datetime
    ) -> None:
        self._transport, self._name = transport, name
        self._as_of = as_of if CREATED in fields else None
        self.fields = fields

    def count(self, wanted: Scope) -> Count:
        """Count the wanted records by COQL; every value fits its type."""
        limits = [f"{column} {sign} '{_literal(at)}'" for column, sign, at in self._limits(wanted)]
        undated = 0
        if wanted.window is not None:
            undated = self._counted([f"{wanted.window.column} is null"])
        return Count(self._counted(limits), undated, {})

    def _counted(self, limits: Sequence[str]) -> int:
        where = " and ".join(limits) or f"{ID} is not null"
        query = " ".join(["select count(id) from", self._name, "where", where])
        asked = {"select_query": query}
        counted = self._transport.json_if_any("POST", "/crm/v8/coql", _Counted, json=asked)
        return 0 if counted is None else counted.data[0].ids

    def pages(self, wanted: Scope, resume: str | None = None) -> Iterator[Page]:
        """Read all records, then converted leads once more by themselves.

        Raises:
            CursorExpired: the page token has run out; Zoho keeps it for a day.
        """
        cursor = Cursor(*json.loads(resume)) if resume is not None else Cursor()
        while cursor.passing == _BULK:
            page, token, more = self._bulk_page(wanted, cursor.token)
            following = Cursor(_BULK, token) if more else Cursor(_CONVERTED)
            yield replace(page, cursor=json.dumps(following))
            cursor = following
        while self._name == LEADS and cursor.passing == _CONVERTED:
            page, token, more = self._converted_page(wanted, cursor.token)
            if not more:
                yield page
                return
            cursor = Cursor(_CONVERTED, token)
            yield replace(page, cursor=json.dumps(cursor))

    def _bulk_page(self, wanted: Scope, token: str) -> tuple[Page, str, bool]:
        """One page by as many jobs as its fields take; each must give the same records."""
        others = [name for name in wanted.columns if name != ID]
        step = _FIELDS_PER_JOB - 1
        parts = [others[at : at + step] for at in range(0, len(others), step)] or [[]]
        tokens = token.split(" ") if token else [""] * len(parts)
        found = [
            self._job([ID, *part], wanted, each) for part, each in zip(parts, tokens, strict=True)
        ]
        batch = self._side_by_side(found)
        page = Page(batch.select(list(wanted.columns)), found[0].declared)
        return page, *self._following(found, tokens)

    def _side_by_side(self, found: Sequence["_Result"]) -> pa.RecordBatch:
        """The same records with the fields of all results."""
        batch = found[0].batch
        for each in found[1:]:
            both = joined(batch, each.batch, ID)
            if both is None:
                raise SourceError(
                    f"{self._transport.place}: {self._name}: two requests over its fields gave"
                    " different records (try again)"
                )
            batch = both
        return batch

    def _following(self, found: Sequence["_Result"], tokens: Sequence[str]) -> tuple[str, bool]:
        """The tokens of the next page, and whether there is one."""
        following, more = [each.token for each in found], {each.more for each in found}
        if more == {False}:
            return "", False
        if more == {True} and "" not in following and following != tokens:
            return " ".join(following), True
        raise SourceError(
            f"{self._transport.place}: {self._name}: the pages do not go on (try again)"
        )

    def _job(self, columns: list[str], wanted: Scope, token: str) -> "_Result":
        query: dict[str, Any] = {"page_token": token}
        if not token:
            query = {"module": {"api_name": self._name}, "fields": columns, "page": 1}
            if criteria := self._criteria(wanted):
                query["criteria"] = criteria
        asked = {"query": query, "file_type": "csv"}
        with _beginning_anew(f"{self._name}: the page token ran out", _NO_TOKEN):
            made = self._transport.json("POST", "/crm/bulk/v8/read", _Created, json=asked)
        job = made.data[0].details.id
        types = {name: self.fields[name].arrow_type for name in columns}
        with _beginning_anew(f"{self._name}: bulk read job {job} is gone", _NO_JOB):
            result = self._done(job)
            batch = self._downloaded(result, types)
        return _Result(batch, result.count, result.more_records, result.next_page_token or "")

    def _downloaded(self, result: _Download, types: Mapping[str, pa.DataType]) -> pa.RecordBatch:
        def read(answer: httpx.Response) -> pa.RecordBatch:
            batch = page_of(_unpacked(answer.content), types, _HEADERS, ends_with_newline=False)
            if batch.num_rows != result.count:
                raise Transient(f"a page of {batch.num_rows} rows that declares {result.count}")
            return batch

        return self._transport.ask("GET", result.download_url, read)

    def _done(self, job: str) -> _Download:
        found = _Job(state="ADDED")

        def is_done() -> bool:
            nonlocal found
            path = f"/crm/bulk/v8/read/{job}"
            found = self._transport.json("GET", path, _Jobs).data[0]
            return found.state not in ("ADDED", "QUEUED", "IN_PROGRESS")

        done = self._transport.patience.for_job(is_done)
        place = f"{self._transport.place}: {self._name}: bulk read job {job}"
        if not done:
            minutes = self._transport.patience.longest_job / 60
            raise SourceError(
                f"{place} is still {found.state} after {minutes:.0f} minutes (try again later)"
            )
        if found.state != "COMPLETED":
            raise SourceError(f"{place} ended {found.state} (try again)")
        if found.result is None:
            raise SourceError(f"{place} has no result (try again)")
        return found.result

    def _converted_page(self, wanted: Scope, token: str) -> tuple[Page, str, bool]:
        """Converted leads, 200 at a time; what lies outside the limits is left out here."""
        types = {name: self.fields[name].arrow_type for name in wanted.columns}
        limits = self._limits(wanted)
        needed = list(dict.fromkeys([*(n for n in types if n != ID), *(n for n, _, _ in limits)]))
        read_as = {ID: pa.string()} | {name: self.fields[name].arrow_type for name in needed}
        parts = [
            needed[at : at + _FIELDS_PER_REQUEST]
            for at in range(0, len(needed), _FIELDS_PER_REQUEST)
        ] or [[]]
        tokens = token.split(" ") if token else [""] * len(parts)
        found = [
            self._converted_part(part, read_as, each)
            for part, each in zip(parts, tokens, strict=True)
        ]
        batch = self._side_by_side(found)
        batch = _within(batch, limits).select(list(types))
        return Page(batch, batch.num_rows), *self._following(found, tokens)

    def _converted_part(
        self, part: Sequence[str], types: Mapping[str, pa.DataType], token: str
    ) -> "_Result":
        asked: dict[str, str | int] = {
            "fields": ",".join(part or [CREATED]),
            "converted": "true",
            "per_page": _ROWS_PER_REQUEST,
            "sort_by": ID,
            "sort_order": "asc",
        }
        if token:
            asked["page_token"] = token
        kinds = {name: types[name] for name in (ID, *part)}

        def read(answer: httpx.Response) -> "_Result":
            content = json_of(answer)
            if content is None:  # 204: there are none
                return _Result(rows_of([], kinds), 0, more=False, token="")
            found = shaped(content, _Records)
            rows, info = len(found.data), found.info
            if info.count != rows:
                raise Transient(f"a page of {rows} records that declares {info.count}")
            batch = rows_of(found.data, kinds)
            return _Result(batch, rows, info.more_records, info.next_page_token or "")

        with _beginning_anew(f"{self._name}: the page token ran out", _NO_TOKEN):
            return self._transport.ask("GET", f"/crm/v8/{self._name}", read, params=asked)

    def _limits(self, wanted: Scope) -> list[tuple[str, str, datetime]]:
        limits = []
        if wanted.window is not None:
            column = wanted.window.column
            limits += [(column, ">=", wanted.window.start), (column, "<", wanted.window.end)]
        if self._as_of is not None:
            limits.append((CREATED, "<=", self._as_of))
        return limits

    def _criteria(self, wanted: Scope) -> dict[str, Any] | None:
        signs = {">=": "greater_equal", "<": "less_than", "<=": "less_equal"}
        each = [
            {
                "field": {"api_name": column},
                "comparator": signs[sign],
                "value": _literal(at),
            }
            for column, sign, at in self._limits(wanted)
        ]
        if len(each) < 2:
            return each[0] if each else None
        return {"group_operator": "and", "group": each}


class _Result(NamedTuple):
    batch: pa.RecordBatch
    declared: int
    more: bool
    token: str


_HEADERS = {ID: "Id"}
_NO_TOKEN = frozenset({"EXPIRED_PAGE_TOKEN", "INVALID_PAGE_TOKEN"})
_NO_JOB = frozenset({"RESOURCE_NOT_FOUND"})


@contextmanager
def _beginning_anew(fault: str, codes: frozenset[str]) -> Iterator[None]:
    """A refusal with one of these codes ends what the cursors before it lead to."""
    try:
        yield
    except Refused as refused:
        if refused.refusal.code not in codes:
            raise
        raise CursorExpired(f"{fault} ({refused.refusal})") from refused


def _within(batch: pa.RecordBatch, limits: Sequence[tuple[str, str, datetime]]) -> pa.RecordBatch:
    compare = {">=": pc.greater_equal, "<": pc.less, "<=": pc.less_equal}
    for column, sign, at in limits:
        inside = compare[sign](batch[column], pa.scalar(at, batch[column].type))
        batch = batch.filter(pc.fill_null(inside, False))
    return batch


def _literal(moment: datetime) -> str:
    """A moment as Zoho writes it, without milliseconds: 2026-01-31T09:30:00+00:00."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


def _unpacked(content: bytes) -> bytes:
    """The one CSV file of a ZIP."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (member,) = archive.infolist()
            if member.file_size > _LARGEST_RESULT:
                raise Transient("a result that unpacks to more than a page can hold")
            return archive.read(member)
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, RuntimeError, OSError):
        raise Transient("a result that is no ZIP of one file: cut") from None
