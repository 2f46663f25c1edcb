"""HubSpot CRM v3 as its documentation has it: properties, lists with an archived pass, search."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fairness_audit.demo.vendors.faults import FaultyApp
from fairness_audit.demo.vendors.served import Company, Record, as_json

TOKEN = "pat-eu1-sample"  # noqa: S105 - of a test server
_OWN = ("id", "createdAt", "updatedAt", "archived", "archivedAt")
_NAMES = {"createdate": "createdAt", "hs_lastmodifieddate": "updatedAt", "hs_object_id": "id"}
_Passes = Callable[[Any, Any], bool]
_SIGNS: dict[str, _Passes] = {
    "GTE": lambda value, bound: value is not None and value >= bound,
    "LT": lambda value, bound: value is not None and value < bound,
    "LTE": lambda value, bound: value is not None and value <= bound,
    "NOT_HAS_PROPERTY": lambda value, bound: value is None,
}


@dataclass
class Hubspot:
    """One account: what it holds."""

    company: Company

    def app(self) -> FaultyApp:
        """The API."""
        routes = [
            Route("/crm/v3/properties/{name}", self.properties),
            Route("/crm/v3/objects/{name}/search", self.search, methods=["POST"]),
            Route("/crm/v3/objects/{name}", self.listed),
        ]
        return FaultyApp(Starlette(routes=routes), self)

    async def properties(self, request: Request) -> Response:
        """The properties that the private app may see."""
        if refused := self._refused(request):
            return refused
        found = self.company.objects.get(request.path_params["name"])
        if found is None:
            known = request.path_params["name"] == "contacts"
            return JSONResponse({"results": []}) if known else _error(404, "OBJECT_NOT_FOUND")
        if found.is_forbidden:
            return _error(403, "MISSING_SCOPES")
        results = [
            {"name": each.name, "type": each.kind, "fieldType": "text"}
            for each in found.visible.values()
            if each.name not in _OWN
        ]
        return JSONResponse({"results": results})

    async def listed(self, request: Request) -> Response:
        """A page of live or archived records; ``after`` is the id it goes on behind."""
        if refused := self._refused(request):
            return refused
        asked = request.query_params
        archived = asked.get("archived") == "true"
        found = self.company.objects[request.path_params["name"]]
        records = sorted(
            (each for each in found.records if each["archived"] == archived),
            key=lambda each: int(each["id"]),
        )
        after = int(asked.get("after", "0"))
        behind = [each for each in records if int(each["id"]) > after]
        page = behind[: min(int(asked.get("limit", "10")), self.company.page_rows)]
        names = [name for name in asked.get("properties", "").split(",") if name]
        content: dict[str, Any] = {"results": [_told(each, names) for each in page]}
        if len(behind) > len(page):
            content["paging"] = {"next": {"after": page[-1]["id"], "link": "?"}}
        return JSONResponse(content)

    async def search(self, request: Request) -> Response:
        """How many live records pass the filters."""
        if refused := self._refused(request):
            return refused
        found = self.company.objects[request.path_params["name"]]
        (group,) = (await request.json())["filterGroups"]
        passing = [
            each
            for each in found.records
            if not each["archived"] and all(_passes(each, one) for one in group["filters"])
        ]
        return JSONResponse({"total": len(passing), "results": []})

    def _refused(self, request: Request) -> Response | None:
        self.company.requests += 1
        if request.headers.get("Authorization") == f"Bearer {TOKEN}":
            return None
        return _error(401, "INVALID_AUTHENTICATION")


def _told(record: Record, names: list[str]) -> dict[str, Any]:
    own = {name: as_json(record.get(name)) for name in _OWN if record.get(name) is not None}
    texts = {name: _text(record[name]) for name in names}
    return own | {"properties": texts}


def _text(value: Any) -> str | None:
    """Properties are texts, whatever their type."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(as_json(value))


def _passes(record: Record, limit: Mapping[str, str]) -> bool:
    name = _NAMES.get(limit["propertyName"], limit["propertyName"])
    bound = None
    if "value" in limit:
        bound = datetime.fromtimestamp(int(limit["value"]) / 1000, UTC)
    return bool(_SIGNS[limit["operator"]](record[name], bound))


def _error(status: int, category: str) -> Response:
    return JSONResponse({"status": "error", "category": category, "message": "no"}, status)
