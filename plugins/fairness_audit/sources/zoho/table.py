"""One Zoho CRM module, read by bulk read jobs."""

import io
import json
import logging
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
import pyarrow as pa
import pyarrow.compute as pc

from fairness_audit.errors import SourceError
from fairness_audit.sources import Count, CursorExpired, Field, Page, Scope
from fairness_audit.sources.web.csv_pages import joined, page_of
from fairness_audit.sources.web.rest_pages import rows_of
from fairness_audit.sources.web.transport import Refused, Transient, Transport, json_of
from fairness_audit.sources.zoho.fields import ID

log = logging.getLogger(__name__)

CREATED = "Created_Time"
LEADS = "Leads"
_FIELDS_PER_JOB = 200
_FIELDS_PER_REQUEST = 50
_ROWS_PER_REQUEST = 200
_BULK, _CONVERTED = "bulk", "converted"
_LARGEST_RESULT = 4 << 30  # bytes a ZIP may unpack to: 200,000 rows are far below


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
        answer = self._transport.json("POST", "/crm/v8/coql", json={"select_query": query})
        if not answer:
            return 0
        (row,) = answer["data"]
        return int(row["COUNT(id)"])

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
        types = {name: self.fields[name].arrow_type for name in wanted.columns}
        following = " ".join(each.token for each in found)
        page = Page(batch.select(list(types)), found[0].declared)
        return page, following, found[0].more

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

    def _job(self, columns: list[str], wanted: Scope, token: str) -> "_Result":
        query: dict[str, Any] = {"page_token": token}
        if not token:
            query = {"module": {"api_name": self._name}, "fields": columns, "page": 1}
            if criteria := self._criteria(wanted):
                query["criteria"] = criteria
        asked = {"query": query, "file_type": "csv"}
        try:
            made = self._transport.json("POST", "/crm/bulk/v8/read", json=asked)
        except Refused as refused:
            if token and refused.refusal.code in ("EXPIRED_PAGE_TOKEN", "INVALID_PAGE_TOKEN"):
                raise CursorExpired(f"{self._name}: the page token ran out") from refused
            raise
        job = str(made["data"][0]["details"]["id"])
        result = self._done(job)
        types = {name: self.fields[name].arrow_type for name in columns}

        def read(answer: httpx.Response) -> pa.RecordBatch:
            batch = page_of(_unpacked(answer.content), types, _HEADERS, ends_with_newline=False)
            if batch.num_rows != int(result["count"]):
                raise Transient(f"a page of {batch.num_rows} rows that declares {result['count']}")
            return batch

        batch = self._transport.ask("GET", str(result["download_url"]), read)
        return _Result(
            batch,
            declared=int(result["count"]),
            more=bool(result["more_records"]),
            token=str(result.get("next_page_token") or ""),
        )

    def _done(self, job: str) -> Mapping[str, Any]:
        found: dict[str, Any] = {}

        def is_done() -> bool:
            found.update(self._transport.json("GET", f"/crm/bulk/v8/read/{job}")["data"][0])
            found["state"] = str(found["state"]).replace(" ", "_")
            return found["state"] not in ("ADDED", "QUEUED", "IN_PROGRESS")

        done = self._transport.patience.for_job(is_done)
        if done and found["state"] == "COMPLETED":
            result: Mapping[str, Any] = found["result"]
            return result
        place = f"{self._transport.place}: {self._name}: bulk read job {job}"
        if done:
            raise SourceError(f"{place} ended {found['state']} (try again)")
        minutes = self._transport.patience.longest_job / 60
        raise SourceError(
            f"{place} is still {found['state']} after {minutes:.0f} minutes (try again later)"
        )

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
        following, more = [each.token for each in found], found[0].more
        batch = _within(batch, limits).select(list(types))
        return Page(batch, batch.num_rows), " ".join(following), more

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
            info, records = content["info"], content["data"]
            if int(info["count"]) != len(records):
                raise Transient(f"a page of {len(records)} records that declares {info['count']}")
            batch = rows_of(records, kinds)
            token = str(info.get("next_page_token") or "")
            return _Result(batch, len(records), bool(info["more_records"]), token)

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
    except (zipfile.BadZipFile, ValueError, EOFError, zipfile.error):
        raise Transient("a result that is no ZIP of one file: cut") from None
