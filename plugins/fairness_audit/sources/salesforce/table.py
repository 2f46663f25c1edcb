"""One Salesforce object, read by a Bulk API 2.0 query job.

The job holds its result still: a page can be asked for again by its locator, also by another
process, for as long as the job lives. So a cursor names the job and the next locator.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import httpx
import pyarrow as pa
from pydantic import Field as Named

from fairness_audit.errors import SourceError
from fairness_audit.sources import Count, CursorExpired, Field, Page, Scope
from fairness_audit.sources.salesforce import soql
from fairness_audit.sources.salesforce.fields import long_ids
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
    whole_in,
)
from fairness_audit.sources.web.csv_pages import changed, page_of
from fairness_audit.sources.web.rest_pages import rows_of
from fairness_audit.sources.web.transport import Refused, Transport

log = logging.getLogger(__name__)

_ROWS_PER_PAGE = 100_000
_LAST = "null"  # what Sforce-Locator says on the last page
_NOT_FOR_BULK = frozenset({"INVALIDENTITY", "API_ERROR", "INVALID_ENTITY"})


class _Created(Shape):
    id: Identifier


class _Job(Shape):
    state: Word
    processed: Whole | None = Named(default=None, alias="numberRecordsProcessed")


class _Counted(Shape):
    total: Whole = Named(alias="totalSize")


class _Batch(_Counted):
    done: bool
    records: list[Record]
    following: Visible | None = Named(default=None, alias="nextRecordsUrl")


class Cursor(NamedTuple):
    """The job, and the locator of the next page; ``""`` is the first."""

    job: str
    locator: str
    rows: int


class SalesforceTable:
    """An object whose fields describe gave."""

    is_ordered = False

    def __init__(
        self,
        transport: Transport,
        name: str,
        fields: Mapping[str, Field],
        ids: frozenset[str],
        *,
        as_of: datetime,
    ) -> None:
        self._transport, self._name, self._ids = transport, name, ids
        self._as_of = as_of if soql.CREATED in fields else None
        self.fields = fields

    def count(self, wanted: Scope) -> Count:
        """Count the wanted rows, deleted ones too; every value fits its type."""
        undated = 0
        if wanted.window is not None:
            undated = self._total(soql.undated(self._name, wanted.window.column))
        return Count(self._total(soql.count(self._name, wanted, self._as_of)), undated, {})

    def _total(self, query: str) -> int:
        return self._transport.json("GET", "/queryAll", _Counted, params={"q": query}).total

    def pages(self, wanted: Scope, resume: str | None = None) -> Iterator[Page]:
        """Read the pages of a query job, or go on behind a page of one.

        Raises:
            CursorExpired: the job is gone; Salesforce keeps its result for some days.
        """
        types = {name: self.fields[name].arrow_type for name in wanted.columns}
        query = soql.rows(self._name, wanted.columns, wanted, self._as_of)
        if resume is not None:
            cursor = Cursor(*json.loads(resume))
            log.info("%s: going on behind row %d of job %s", self._name, cursor.rows, cursor.job)
        else:
            try:
                cursor = Cursor(self._created(query), "", 0)
            except Refused as refused:
                if refused.refusal.code not in _NOT_FOR_BULK:
                    raise
                log.info("%s is not for Bulk API; reading it by REST", self._name)
                yield from self._by_rest(query, types)
                return
        processed = self._done(cursor.job)
        while cursor.locator != _LAST:
            page, behind = self._page(cursor, types)
            is_whole = behind.rows == processed
            if behind.locator == cursor.locator or (behind.locator == _LAST and not is_whole):
                raise SourceError(
                    f"{self._transport.place}: {self._name}: job {cursor.job} declared"
                    f" {processed} rows and gave {behind.rows} (try again)"
                )
            cursor = behind
            yield page

    def _created(self, query: str) -> str:
        asked = {
            "operation": "queryAll",
            "query": query,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        return self._transport.json("POST", "/jobs/query", _Created, json=asked).id

    def _done(self, job: str) -> int:
        """Wait for the job; how many records it says it processed."""
        found = _Job(state="UploadComplete")

        def is_done() -> bool:
            nonlocal found
            found = self._known(job)
            return found.state not in ("UploadComplete", "InProgress")

        done = self._transport.patience.for_job(is_done)
        place = f"{self._transport.place}: {self._name}: job {job}"
        if not done:
            minutes = self._transport.patience.longest_job / 60
            raise SourceError(
                f"{place} is still {found.state} after {minutes:.0f} minutes (try again later)"
            )
        if found.state != "JobComplete":
            raise SourceError(
                f"{place} ended {found.state} (Setup, Bulk Data Load Jobs, has the reason)"
            )
        if found.processed is None:
            raise SourceError(f"{place} does not say how many records it has (try again)")
        return found.processed

    def _known(self, job: str) -> _Job:
        try:
            return self._transport.json("GET", f"/jobs/query/{job}", _Job)
        except Refused as refused:
            if refused.refusal.status not in (400, 404, 409):
                raise
            raise CursorExpired(
                f"{self._name}: job {job} is gone ({refused.refusal})"
            ) from refused

    def _page(self, cursor: Cursor, types: Mapping[str, pa.DataType]) -> tuple[Page, Cursor]:
        def read(answer: httpx.Response) -> tuple[Page, Cursor]:
            declared = whole_in(answer.headers, "Sforce-NumberOfRecords")
            batch = page_of(answer.content, types)
            if batch.num_rows != declared:
                raise Transient(f"a page of {batch.num_rows} rows that declares {declared}")
            batch = self._with_long_ids(batch)
            locator = answer.headers.get("Sforce-Locator") or _LAST
            behind = Cursor(cursor.job, locator, cursor.rows + declared)
            return Page(batch, declared, json.dumps(behind)), behind

        asked: dict[str, str | int] = {"maxRecords": _ROWS_PER_PAGE}
        if cursor.locator:
            asked["locator"] = cursor.locator
        path = f"/jobs/query/{cursor.job}/results"
        try:
            return self._transport.ask("GET", path, read, params=asked)
        except Refused as refused:
            if refused.refusal.status not in (400, 404, 409):
                raise
            raise CursorExpired(
                f"{self._name}: the result of job {cursor.job} is gone ({refused.refusal})"
            ) from refused

    def _by_rest(self, query: str, types: Mapping[str, pa.DataType]) -> Iterator[Page]:
        """Batches of a REST query; its locators die with the session, so none is kept."""

        def read(answer: httpx.Response) -> tuple[pa.RecordBatch, _Batch]:
            batch = shaped(json_of(answer), _Batch)
            return rows_of(batch.records, types), batch

        path, asked, rows, following = "/queryAll", {"q": query}, 0, ""
        while True:
            batch, answer = self._transport.ask("GET", path, read, params=asked)
            rows += batch.num_rows
            yield Page(self._with_long_ids(batch))
            if answer.done:
                break
            behind = (answer.following or "").rpartition("/")[2]
            if behind in ("", following):
                raise SourceError(
                    f"{self._transport.place}: {self._name}: a query does not go on (try again)"
                )
            following = behind
            path, asked = f"/query/{following}", {}
        if rows != answer.total:
            raise SourceError(
                f"{self._transport.place}: {self._name}: a query of {answer.total} rows"
                f" gave {rows} (try again)"
            )

    def _with_long_ids(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return changed(batch, [n for n in batch.schema.names if n in self._ids], long_ids)
