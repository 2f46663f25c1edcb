"""HubSpot CRM as its documentation has it: properties, lists with an archived pass, search.

A property without a value is left out of a record; search refuses properties that there are not.
"""

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
_VERSION = "2026-03"
_OWN = ("id", "createdAt", "updatedAt", "archived", "archivedAt")
_BY_CREATEDATE = frozenset(
    {
        "carts",
        "companies",
        "contacts",
        "deals",
        "discounts",
        "fees",
        "invoices",
        "leads",
        "line_items",
        "orders",
        "products",
        "tickets",
    }
)
"""Objects that are created at their `createdate`; all others are at their `hs_createdate`."""
_MOST_LISTED = 100
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
            Route(f"/crm/properties/{_VERSION}/{{name}}", self.properties),
            Route(f"/crm/objects/{_VERSION}/{{name}}/search", self.search, methods=["POST"]),
            Route(f"/crm/objects/{_VERSION}/{{name}}", self.listed),
        ]
        return FaultyApp(Starlette(routes=routes), self)

    async def properties(self, request: Request) -> Response:
        """The properties that the private app may see."""
        if refused := self._refused(request):
            return refused
        name = request.path_params["name"]
        found = self.company.objects.get(name)
        if found is None and name != "contacts":
            return _error(404, "OBJECT_NOT_FOUND")
        if found is not None and found.is_forbidden:
            return _error(403, "MISSING_SCOPES")
        kinds = {} if found is None else {each.name: each.kind for each in found.visible.values()}
        kinds |= dict.fromkeys(_system(name), "datetime") | {"hs_object_id": "number"}
        results = [
            {
                "name": each,
                "label": each,
                "description": "",
                "groupName": "sample",
                "type": kind,
                "fieldType": "text",
                "options": [],
            }
            for each, kind in kinds.items()
            if each not in _OWN
        ]
        return JSONResponse({"results": results})

    async def listed(self, request: Request) -> Response:
        """A page of live or archived records; ``after`` is the id it goes on behind."""
        if refused := self._refused(request):
            return refused
        asked = request.query_params
        archived = asked.get("archived") == "true"
        name = request.path_params["name"]
        found = self.company.objects.get(name)
        if found is None:
            return _error(404, "OBJECT_NOT_FOUND")
        limit = int(asked.get("limit", "10"))
        if limit > _MOST_LISTED:
            return _error(400, "VALIDATION_ERROR")
        records = sorted(
            (each for each in found.records if each["archived"] == archived),
            key=lambda each: int(each["id"]),
        )
        after = int(asked.get("after", "0"))
        behind = [each for each in records if int(each["id"]) > after]
        page = behind[: min(limit, self.company.page_rows)]
        wanted = {*asked.get("properties", "").split(","), *_system(name), "hs_object_id"}
        content: dict[str, Any] = {"results": [_told(name, each, wanted) for each in page]}
        if len(behind) > len(page):
            content["paging"] = {"next": {"after": page[-1]["id"], "link": "?"}}
        return JSONResponse(content)

    async def search(self, request: Request) -> Response:
        """How many live records pass the filters."""
        if refused := self._refused(request):
            return refused
        name = request.path_params["name"]
        found = self.company.objects.get(name)
        if found is None:
            return _error(404, "OBJECT_NOT_FOUND")
        (group,) = (await request.json())["filterGroups"]
        known = {*found.visible, *_system(name)} - {*_OWN}
        if any(each["propertyName"] not in known for each in group["filters"]):
            return _error(400, "VALIDATION_ERROR")
        live = (each for each in found.records if not each["archived"])
        held = [_properties(name, each) for each in live]
        passing = sum(all(_passes(each, one) for one in group["filters"]) for each in held)
        return JSONResponse({"total": passing, "results": []})

    def _refused(self, request: Request) -> Response | None:
        self.company.requests += 1
        if request.headers.get("Authorization") == f"Bearer {TOKEN}":
            return None
        return _error(401, "INVALID_AUTHENTICATION")


def _system(name: str) -> tuple[str, str]:
    """When a record of an object was created, and when it changed."""
    created = "createdate" if name in _BY_CREATEDATE else "hs_createdate"
    return created, "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate"


def _own(record: Record) -> dict[str, Any]:
    own = {name: record[name] for name in _OWN if record.get(name) is not None}
    return {"updatedAt": record["createdAt"]} | own


def _properties(name: str, record: Record) -> dict[str, Any]:
    """All that a record says, as properties."""
    created, changed = _system(name)
    own = _own(record)
    system = {created: own["createdAt"], changed: own["updatedAt"], "hs_object_id": own["id"]}
    return {each: value for each, value in record.items() if each not in _OWN} | system


def _told(name: str, record: Record, wanted: set[str]) -> dict[str, Any]:
    held = _properties(name, record)
    texts = {each: _text(held[each]) for each in held if each in wanted and held[each] is not None}
    return {each: as_json(value) for each, value in _own(record).items()} | {"properties": texts}


def _text(value: Any) -> str:
    """Properties are texts, whatever their type."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(as_json(value))


def _passes(properties: Mapping[str, Any], limit: Mapping[str, str]) -> bool:
    bound = None
    if "value" in limit:
        bound = datetime.fromtimestamp(int(limit["value"]) / 1000, UTC)
    return bool(_SIGNS[limit["operator"]](properties.get(limit["propertyName"]), bound))


def _error(status: int, category: str) -> Response:
    told = {
        "status": "error",
        "message": "no",
        "correlationId": "aeb5f871-7f07-4993-9211-075dc63e7cbf",
        "category": category,
    }
    return JSONResponse(told, status)
