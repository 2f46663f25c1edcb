"""Salesforce as its documentation has it: tokens, describe, REST queries, Bulk API 2.0 queries."""

import csv
import io
import itertools
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fairness_audit.demo.vendors.faults import FaultyApp
from fairness_audit.demo.vendors.served import (
    Company,
    Record,
    ServedObject,
    as_json,
    as_text,
    matching,
)

VERSION = "60.0"
CLIENT, SECRET = "integration", "sample-secret"
_ROOT = f"/services/data/v{VERSION}"
_QUERY = re.compile(
    r"SELECT (?P<columns>COUNT\(\)|[\w, ]+) FROM (?P<name>\w+)(?: WHERE (?P<where>.+))?"
)
_LIMIT = re.compile(r"(\w+) (>=|<=|<) (\S+)")
_NULL = re.compile(r"(\w+) = NULL")


@dataclass
class Job:
    """A query job: its rows are held still when it is made."""

    query: str
    object: str
    columns: list[str]
    records: list[Record]
    polls: int = 0
    state: str = "UploadComplete"


@dataclass
class Salesforce:
    """One org: what it holds, who is logged in, and which jobs there are."""

    company: Company
    tokens: set[str] = field(default_factory=set)
    jobs: dict[str, Job] = field(default_factory=dict)
    locators: dict[str, tuple[list[Record], list[str], int]] = field(default_factory=dict)
    bulk_page: int = 50_000
    polls_needed: int = 1
    ends_as: str = "JobComplete"
    numbers: Any = field(default_factory=itertools.count)

    def expire_tokens(self) -> None:
        """All sessions end."""
        self.tokens.clear()

    def forget_jobs(self) -> None:
        """All jobs are deleted, and their locators with them."""
        self.jobs.clear()

    def end_as(self, state: str) -> None:
        """Jobs end in this state from now on; `InProgress` never ends."""
        self.ends_as = state

    def app(self) -> FaultyApp:
        """The API."""
        routes = [
            Route("/services/oauth2/token", self.token, methods=["POST"]),
            Route(f"{_ROOT}/limits", self.limits),
            Route(f"{_ROOT}/sobjects/{{name}}/describe", self.describe),
            Route(f"{_ROOT}/query", self.query),
            Route(f"{_ROOT}/queryAll", self.query),
            Route(f"{_ROOT}/query/{{locator}}", self.more),
            Route(f"{_ROOT}/jobs/query", self.create, methods=["POST"]),
            Route(f"{_ROOT}/jobs/query/{{job}}", self.job, methods=["GET", "PATCH", "DELETE"]),
            Route(f"{_ROOT}/jobs/query/{{job}}/results", self.results),
        ]
        return FaultyApp(Starlette(routes=routes), self)

    async def token(self, request: Request) -> Response:
        """Client credentials; the assertion of the JWT flow is taken on trust."""
        form = await request.form()
        flow = str(form.get("grant_type"))
        known = form.get("client_id") == CLIENT and form.get("client_secret") == SECRET
        if not known and not (flow.endswith("jwt-bearer") and form.get("assertion")):
            return JSONResponse({"error": "invalid_client"}, status_code=400)
        token = secrets.token_hex(16)
        self.tokens.add(token)
        where = str(request.base_url).rstrip("/")
        return JSONResponse(
            {
                "access_token": token,
                "instance_url": where,
                "id": f"{where}/id/1/2",
                "token_type": "Bearer",
                "issued_at": str(int(datetime.now(UTC).timestamp() * 1000)),
                "signature": "none",
            }
        )

    async def limits(self, request: Request) -> Response:
        """How many requests of the day are left."""
        if refused := self._refused(request):
            return refused
        left = self.company.day_limit - self.company.requests
        return self._json({"DailyApiRequests": {"Max": self.company.day_limit, "Remaining": left}})

    async def describe(self, request: Request) -> Response:
        """The fields that the integration user may see."""
        if refused := self._refused(request):
            return refused
        found = self.company.objects.get(request.path_params["name"])
        if found is None or found.is_forbidden:
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        fields: list[dict[str, Any]] = [
            {
                "name": each.name,
                "type": each.kind,
                "length": each.length,
                "precision": each.precision,
                "scale": each.scale,
                "nillable": True,
                "custom": each.name.endswith("__c"),
                "calculated": False,
                "compoundFieldName": None,
                "filterable": True,
                "sortable": True,
                "picklistValues": [],
                "referenceTo": [],
            }
            for each in found.visible.values()
        ]
        return self._json({"name": found.name, "queryable": True, "fields": fields})

    async def query(self, request: Request) -> Response:
        """A REST query, in batches; a count is one number."""
        if refused := self._refused(request):
            return refused
        parsed = self._parsed(request.query_params.get("q", ""))
        if isinstance(parsed, Response):
            return parsed
        found, columns, records = parsed
        if columns is None:
            return self._json({"totalSize": len(records), "done": True, "records": []})
        return self._batch(found.name, columns, records, 0)

    async def more(self, request: Request) -> Response:
        """The next batch of a REST query."""
        if refused := self._refused(request):
            return refused
        key = request.path_params["locator"].rpartition("-")[0]
        if key not in self.locators:
            return _error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        records, columns, _ = self.locators[key]
        first = int(request.path_params["locator"].rpartition("-")[2])
        return self._batch("", columns, records, first, key)

    def _batch(
        self, name: str, columns: list[str], records: list[Record], first: int, key: str = ""
    ) -> Response:
        last = first + self.company.page_rows
        answer: dict[str, Any] = {
            "totalSize": len(records),
            "done": last >= len(records),
            "records": [
                {
                    "attributes": {"type": name},
                    **{c: as_json(each[c], zone="+0000") for c in columns},
                }
                for each in records[first:last]
            ],
        }
        if not answer["done"]:
            key = key or f"0r8{next(self.numbers):012}"
            self.locators[key] = (records, columns, last)
            answer["nextRecordsUrl"] = f"{_ROOT}/query/{key}-{last}"
        return self._json(answer)

    async def create(self, request: Request) -> Response:
        """A query job."""
        if refused := self._refused(request):
            return refused
        asked = await request.json()
        parsed = self._parsed(asked["query"])
        if isinstance(parsed, Response):
            return parsed
        found, columns, records = parsed
        if columns is None or not found.is_for_bulk:
            return _error(
                400, "INVALIDENTITY", f"Entity '{found.name}' is not supported by the Bulk API."
            )
        key = f"750{next(self.numbers):015}"
        self.jobs[key] = Job(asked["query"], found.name, columns, records)
        return self._json(self._told(key))

    async def job(self, request: Request) -> Response:
        """The state of a job, or its end."""
        if refused := self._refused(request):
            return refused
        key = request.path_params["job"]
        if key not in self.jobs:
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        if request.method == "DELETE":
            del self.jobs[key]
            return Response(status_code=204)
        job = self.jobs[key]
        if request.method == "PATCH":
            job.state = "Aborted"
        elif job.state in ("UploadComplete", "InProgress"):
            job.polls += 1
            job.state = self.ends_as if job.polls > self.polls_needed else "InProgress"
        return self._json(self._told(key))

    def _told(self, key: str) -> dict[str, Any]:
        job = self.jobs[key]
        told = {
            "id": key,
            "operation": "queryAll",
            "object": job.object,
            "state": job.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(VERSION),
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        if job.state == "JobComplete":
            told |= {"numberRecordsProcessed": len(job.records), "jobType": "V2Query"}
        if job.state == "Failed":
            told["errorMessage"] = "INTERNAL_ERROR"
        return told

    async def results(self, request: Request) -> Response:
        """A page of a job's result, with the header on every page."""
        if refused := self._refused(request):
            return refused
        job = self.jobs.get(request.path_params["job"])
        if job is None:
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        if job.state != "JobComplete":
            return _error(400, "INVALIDJOBSTATE", "The job is not complete")
        first = int(request.query_params.get("locator", "0"))
        asked = int(request.query_params.get("maxRecords", self.bulk_page))
        records = job.records[first : first + min(asked, self.bulk_page)]
        last = first + len(records)
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(job.columns)
        writer.writerows(
            [as_text(each[column], zone="+0000") for column in job.columns] for each in records
        )
        headers = {
            "Sforce-Locator": str(last) if last < len(job.records) else "null",
            "Sforce-NumberOfRecords": str(len(records)),
            **self._usage(),
        }
        return Response(text.getvalue(), media_type="text/csv", headers=headers)

    def _parsed(self, query: str) -> Any:
        found = _QUERY.fullmatch(query.strip())
        if found is None:
            return _error(400, "MALFORMED_QUERY", "unexpected token")
        served = self.company.objects.get(found["name"])
        if served is None or served.is_forbidden:
            return _error(400, "INVALID_TYPE", f"sObject type '{found['name']}' is not supported.")
        columns = None
        if found["columns"] != "COUNT()":
            columns = found["columns"].split(", ")
            if missing := [each for each in columns if each not in served.visible]:
                return _error(400, "INVALID_FIELD", f"No such column '{missing[0]}'")
        return served, columns, _wanted(served, found["where"] or "")

    def _refused(self, request: Request) -> Response | None:
        self.company.requests += 1
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in self.tokens:
            return None
        return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")

    def _usage(self) -> dict[str, str]:
        used = f"api-usage={self.company.requests}/{self.company.day_limit}"
        return {"Sforce-Limit-Info": used}

    def _json(self, content: Mapping[str, Any]) -> Response:
        return JSONResponse(content, headers=self._usage())


def _wanted(served: ServedObject, where: str) -> list[Record]:
    if null := _NULL.fullmatch(where):
        return [each for each in served.records if each[null[1]] is None]
    limits = {
        (name, operator): datetime.fromisoformat(bound)
        for name, operator, bound in _LIMIT.findall(where)
    }
    return matching(served.records, limits)


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse([{"message": message, "errorCode": code}], status_code=status)
