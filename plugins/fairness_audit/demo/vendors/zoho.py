"""Zoho CRM v8 as its documentation has it: tokens, fields, COQL counts, records, bulk read."""

import csv
import io
import itertools
import re
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
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

CLIENT, SECRET, REFRESH = "1000.SAMPLE", "sample-secret", "1000.refresh"
_ZONE = "+00:00"
_COUNT = re.compile(r"select count\(id\) from (\w+) where (.+)")
_LIMIT = re.compile(r"(\w+) (>=|<=|<) '([^']+)'")
_NULL = re.compile(r"(\w+) is null")
_SIGNS = {"greater_equal": ">=", "less_than": "<", "less_equal": "<="}
_MOST_FIELDS = 200


@dataclass
class Job:
    """A bulk read job for one page."""

    columns: list[str]
    module: str
    criteria: Any
    first: int
    polls: int = 0


@dataclass
class Zoho:
    """One organisation: what it holds, who is logged in, and which jobs there are."""

    company: Company
    tokens: set[str] = field(default_factory=set)
    jobs: dict[str, Job] = field(default_factory=dict)
    pages: dict[str, Any] = field(default_factory=dict)
    bulk_page: int = 50_000
    bulk_has_converted: bool = False
    polls_needed: int = 1
    ends_as: str = "COMPLETED"
    credits: int = 50_000
    result_changes: dict[str, Any] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(3_652_397_000_000_000_001))

    def expire_tokens(self) -> None:
        """All access tokens end."""
        self.tokens.clear()

    def forget_jobs(self) -> None:
        """All bulk read jobs are gone."""
        self.jobs.clear()

    def forget_pages(self) -> None:
        """All page tokens run out."""
        self.pages.clear()

    def end_as(self, state: str) -> None:
        """Jobs end in this state from now on."""
        self.ends_as = state

    def app(self) -> FaultyApp:
        """The API."""
        routes = [
            Route("/oauth/v2/token", self.token, methods=["POST"]),
            Route("/crm/v8/org", self.org),
            Route("/crm/v8/settings/fields", self.settings),
            Route("/crm/v8/coql", self.coql, methods=["POST"]),
            Route("/crm/bulk/v8/read", self.create, methods=["POST"]),
            Route("/crm/bulk/v8/read/{job}", self.job),
            Route("/crm/bulk/v8/read/{job}/result", self.result),
            Route("/crm/v8/{module}", self.records),
        ]
        return FaultyApp(Starlette(routes=routes), self)

    async def token(self, request: Request) -> Response:
        """A new access token; a refusal is HTTP 200, as Zoho has it."""
        form = await request.form()
        if (form.get("client_secret"), form.get("refresh_token")) != (SECRET, REFRESH):
            return JSONResponse({"error": "invalid_code"})
        token = secrets.token_hex(16)
        self.tokens.add(token)
        return JSONResponse(
            {
                "access_token": token,
                "expires_in": 3600,
                "api_domain": str(request.base_url).rstrip("/"),
                "token_type": "Bearer",
            }
        )

    async def org(self, request: Request) -> Response:
        """Who it is."""
        return self._refused(request) or self._json({"org": [{"company_name": "Sample"}]})

    async def settings(self, request: Request) -> Response:
        """The fields that the integration user may see."""
        if refused := self._refused(request):
            return refused
        found = self.company.objects.get(request.query_params.get("module", ""))
        if found is None:
            return _error(400, "INVALID_MODULE", "the module name given seems to be invalid")
        if found.is_forbidden:
            return _error(403, "NO_PERMISSION", "permission denied")
        fields = [
            {
                "api_name": each.name,
                "data_type": each.kind,
                "json_type": "string",
                "custom_field": True,
                "length": each.length,
                "visible": True,
            }
            for each in found.visible.values()
            if each.name != "id"
        ]
        return self._json({"fields": fields})

    async def coql(self, request: Request) -> Response:
        """A count, converted leads among it."""
        if refused := self._refused(request):
            return refused
        found = _COUNT.fullmatch((await request.json())["select_query"])
        if found is None or found[1] not in self.company.objects:
            return _error(400, "INVALID_QUERY", "invalid query formed")
        served = self.company.objects[found[1]]
        if null := _NULL.fullmatch(found[2]):
            count = sum(each[null[1]] is None for each in served.records)
        else:
            limits = {
                (name, sign): datetime.fromisoformat(at)
                for name, sign, at in _LIMIT.findall(found[2])
            }
            count = len(matching(served.records, limits))
        return self._json({"data": [{"COUNT(id)": count}], "info": {"count": 1}})

    async def records(self, request: Request) -> Response:
        """Records by page token; converted leads only where they are asked for."""
        if refused := self._refused(request):
            return refused
        served = self.company.objects.get(request.path_params["module"])
        if served is None:
            return _error(400, "INVALID_MODULE", "the module name given seems to be invalid")
        asked = request.query_params
        converted = {"true": (True,), "both": (True, False)}.get(
            asked.get("converted", ""), (False,)
        )
        records = [each for each in served.records if bool(each.get("converted")) in converted]
        records.sort(key=lambda each: str(each["id"]))
        token = asked.get("page_token", "")
        if token and token not in self.pages:
            return _error(400, "EXPIRED_PAGE_TOKEN", "page token expired")
        first = self.pages.get(token, 0)
        last = first + min(int(asked.get("per_page", 200)), self.company.page_rows)
        if not records[first:last]:
            return Response(status_code=204)
        names = ["id", *asked["fields"].split(",")]
        info = {"count": len(records[first:last]), "more_records": last < len(records)}
        if info["more_records"]:
            info["next_page_token"] = self._token_for(last)
        data = [
            {name: as_json(each[name], zone=_ZONE, digits=0) for name in names}
            for each in records[first:last]
        ]
        return self._json({"data": data, "info": info})

    async def create(self, request: Request) -> Response:
        """A bulk read job."""
        if refused := self._refused(request):
            return refused
        query = (await request.json())["query"]
        if "page_token" in query:
            if query["page_token"] not in self.pages:
                return _error(400, "EXPIRED_PAGE_TOKEN", "page token expired")
            job = self.pages[query["page_token"]]
        else:
            module = query["module"]["api_name"]
            served = self.company.objects.get(module)
            if served is None or len(query["fields"]) > _MOST_FIELDS:
                return _error(400, "INVALID_REQUEST", "check module and fields")
            if missing := [each for each in query["fields"] if each not in served.visible]:
                return _error(400, "INVALID_FIELD", f"no field {missing[0]}")
            job = Job(query["fields"], module, query.get("criteria"), 0)
        key = str(next(self.numbers))
        self.jobs[key] = Job(job.columns, job.module, job.criteria, job.first)
        details = {"id": key, "operation": "read", "state": "ADDED"}
        told = {"status": "success", "code": "ADDED_SUCCESSFULLY", "details": details}
        return self._json({"data": [told], "info": {}}, status=201)

    async def job(self, request: Request) -> Response:
        """The state of a job, and its result when it is done."""
        if refused := self._refused(request):
            return refused
        key = request.path_params["job"]
        if key not in self.jobs:
            return _error(404, "RESOURCE_NOT_FOUND", "no such job")
        job = self.jobs[key]
        job.polls += 1
        state = self.ends_as if job.polls > self.polls_needed else "IN PROGRESS"
        told: dict[str, Any] = {"id": key, "operation": "read", "state": state}
        if state == "COMPLETED":
            records = self._selected(job)
            last = job.first + self.bulk_page
            told["result"] = {
                "page": 1,
                "count": len(records[job.first : last]),
                "per_page": self.bulk_page,
                "download_url": f"/crm/bulk/v8/read/{key}/result",
                "more_records": last < len(records),
            }
            if last < len(records):
                following = Job(job.columns, job.module, job.criteria, last)
                told["result"]["next_page_token"] = self._token_for(following)
            told["result"] |= self.result_changes
        return self._json({"data": [told]})

    async def result(self, request: Request) -> Response:
        """A ZIP with one CSV."""
        if refused := self._refused(request):
            return refused
        key = request.path_params["job"]
        if key not in self.jobs:
            return _error(400, "RESOURCE_NOT_FOUND", "the requested resource doesn't exist")
        job = self.jobs[key]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["Id" if column == "id" else column for column in job.columns])
        writer.writerows(
            [as_text(each[column], zone=_ZONE, digits=0) for column in job.columns]
            for each in self._selected(job)[job.first : job.first + self.bulk_page]
        )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{key}.csv", text.getvalue())
        return Response(packed.getvalue(), media_type="application/zip")

    def _selected(self, job: Job) -> list[Record]:
        served: ServedObject = self.company.objects[job.module]
        group = (job.criteria or {}).get("group") or ([job.criteria] if job.criteria else [])
        limits = {
            (each["field"]["api_name"], _SIGNS[each["comparator"]]): datetime.fromisoformat(
                each["value"]
            )
            for each in group
        }
        hidden = () if self.bulk_has_converted else (True,)
        return [
            each
            for each in matching(served.records, limits)
            if each.get("converted") not in hidden
        ]

    def _token_for(self, place: Any) -> str:
        token = secrets.token_hex(8)
        self.pages[token] = place
        return token

    def _refused(self, request: Request) -> Response | None:
        self.company.requests += 1
        token = request.headers.get("Authorization", "").removeprefix("Zoho-oauthtoken ")
        if token in self.tokens:
            return None
        return _error(401, "INVALID_TOKEN", "invalid oauth token")

    def _json(self, content: Mapping[str, Any], status: int = 200) -> Response:
        left = self.credits - self.company.requests
        headers = {"X-API-CREDITS-REMAINING": str(left)} if left < self.credits / 2 else {}
        return JSONResponse(content, status_code=status, headers=headers)


def _error(status: int, code: str, message: str) -> Response:
    told = {"code": code, "details": {}, "message": message, "status": "error"}
    return JSONResponse(told, status_code=status)
