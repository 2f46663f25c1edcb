"""One Salesforce object, read by a Bulk API 2.0 query job.

The job holds its result still: a page can be asked for again by its locator, also by another
process, for as long as the job lives. So a cursor names the job and the next locator.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import httpx
import pyarrow as pa

from fairness_audit.errors import SourceError
from fairness_audit.sources import Count, CursorExpired, Field, Page, Scope
from fairness_audit.sources.salesforce import soql
from fairness_audit.sources.salesforce.fields import long_ids
from fairness_audit.sources.web.csv_pages import changed, page_of
from fairness_audit.sources.web.rest_pages import rows_of
from fairness_audit.sources.web.transport import Refused, Transient, Transport, json_of

log = logging.getLogger(__name__)

_ROWS_PER_PAGE = 100_000
_LAST = "null"  # what Sforce-Locator says on the last page
_NOT_FOR_BULK = frozenset({"INVALIDENTITY", "API_ERROR", "INVALID_ENTITY"})


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
        return int(self._transport.json("GET", "/queryAll", params={"q": query})["totalSize"])

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
            page, cursor = self._page(cursor, types)
            if cursor.locator == _LAST and cursor.rows != processed:
                raise SourceError(
                    f"{self._transport.place}: {self._name}: job {cursor.job} declared"
                    f" {processed} rows and gave {cursor.rows} (try again)"
                )
            yield page

    def _created(self, query: str) -> str:
        asked = {
            "operation": "queryAll",
            "query": query,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        return str(self._transport.json("POST", "/jobs/query", json=asked)["id"])

    def _done(self, job: str) -> int:
        """Wait for the job; how many records it says it processed."""
        found: dict[str, Any] = {}

        def is_done() -> bool:
            found.update(self._known(job, "GET", f"/jobs/query/{job}"))
            return found.get("state") not in ("UploadComplete", "InProgress")

        done = self._transport.patience.for_job(is_done)
        if done and found["state"] == "JobComplete":
            return int(found["numberRecordsProcessed"])
        place = f"{self._transport.place}: {self._name}: job {job}"
        if done:
            raise SourceError(
                f"{place} ended {found['state']} (Setup, Bulk Data Load Jobs, has the reason)"
            )
        minutes = self._transport.patience.longest_job / 60
        raise SourceError(
            f"{place} is still {found['state']} after {minutes:.0f} minutes (try again later)"
        )

    def _known(self, job: str, method: str, path: str) -> Any:
        try:
            return self._transport.json(method, path)
        except Refused as refused:
            if refused.refusal.status not in (400, 404, 409):
                raise
            raise CursorExpired(
                f"{self._name}: job {job} is gone ({refused.refusal})"
            ) from refused

    def _page(self, cursor: Cursor, types: Mapping[str, pa.DataType]) -> tuple[Page, Cursor]:
        def read(answer: httpx.Response) -> tuple[Page, Cursor]:
            declared = int(answer.headers["Sforce-NumberOfRecords"])
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

        def read(answer: httpx.Response) -> tuple[pa.RecordBatch, dict[str, Any]]:
            content = json_of(answer)
            return rows_of(content["records"], types), content

        path, asked, rows = "/queryAll", {"q": query}, 0
        while True:
            batch, answer = self._transport.ask("GET", path, read, params=asked)
            rows += batch.num_rows
            yield Page(self._with_long_ids(batch))
            if answer["done"]:
                break
            path, asked = "/query/" + str(answer["nextRecordsUrl"]).rpartition("/")[2], {}
        if rows != answer["totalSize"]:
            raise SourceError(
                f"{self._transport.place}: {self._name}: a query of {answer['totalSize']} rows"
                f" gave {rows} (try again)"
            )

    def _with_long_ids(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return changed(batch, [n for n in batch.schema.names if n in self._ids], long_ids)
