"""What is asked of a vendor, and what our simulators answer, fits what the vendor publishes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from fairness_audit.errors import SourceError
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.vendor_specs import operation
from tests.servers.exchanges import Exchange, Recorded
from tests.services.sources.test_mutated_answers import Case, Reading, a_site, hubspot, zoho

# To parse megabytes of specification collects what tests before left to be collected.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

FILES = {
    "/crm/properties/": ("hubspot", "properties"),
    "/crm/objects/": ("hubspot", "objects"),
    "/crm/bulk/v8/read": ("zoho", "bulk_read"),
    "/crm/v8/coql": ("zoho", "coql"),
    "/crm/v8/settings/fields": ("zoho", "fields"),
    "/crm/v8/org": ("zoho", "org"),
    "/crm/v8/Leads": ("zoho", "record"),
}
"""Which file describes a path; tokens are described by none."""
UNDOCUMENTED = {"204"}
"""Statuses that a vendor's text has, and its specification of records has not."""


def exchanges_of(case: Case, folder: Path, **fields: Any) -> list[Exchange]:
    """All that is asked and answered while a case is read."""
    columns = list(fields.get("columns", case.columns))
    declared = an_object(fields.get("table", case.object), columns, key="id", schema=None)
    declared |= {name: fields[name] for name in ("window_on",) if name in fields}
    app = Recorded(case.made().app())
    with a_site() as site:
        reading = Reading(case, site, a_loaded_policy(folder, lead=declared), folder)
        try:
            reading.rows(app)  # type: ignore[arg-type]
        except SourceError:
            assert "table" in fields
    return app.exchanges


def described(path: str) -> tuple[str, str] | None:
    return next((file for prefix, file in FILES.items() if path.startswith(prefix)), None)


@pytest.mark.parametrize(
    ("case", "fields"),
    [
        (hubspot(), {}),
        (hubspot(), {"window_on": "createdAt"}),
        (hubspot(), {"table": "2-3465404"}),
        (zoho(), {}),
        (zoho(), {"window_on": "Created_Time"}),
        (zoho(), {"table": "Unknown"}),
    ],
    ids=lambda given: getattr(given, "name", "-".join(given) if isinstance(given, dict) else None),
)
def test_requests_and_answers_are_as_published(
    tmp_path: Path, case: Case, fields: dict[str, Any]
) -> None:
    held = 0
    for each in exchanges_of(case, tmp_path, **fields):
        file = described(each.path)
        if file is None:
            assert "token" in each.path
            continue
        published = operation(*file, each.method, each.path)
        assert {name for name, _ in parse_qsl(each.query)} <= published.parameters
        if each.body:
            published.check_request(json.loads(each.body))
        status = str(each.answer.status)
        assert {status, "default"} & (published.statuses | UNDOCUMENTED), status
        if each.answer.headers.get("Content-Type") == "application/json":
            published.check_answer(each.answer.status, json.loads(each.answer.body))
        held += 1
    assert held > 0


def test_an_unknown_job_is_answered_as_published(tmp_path: Path) -> None:
    """404 of its state, and 400 of its result."""
    state = zoho().made()

    def made() -> Any:
        return state

    (done, *_) = [
        each
        for each in exchanges_of(replace(zoho(), made=made), tmp_path)
        if each.path.endswith("/result")
    ]
    state.forget_jobs()
    for path, status in ((done.path, 400), (done.path.removesuffix("/result"), 404)):
        answer = asked(state, path)
        assert answer.answer.status == status
        operation("zoho", "bulk_read", "GET", path).check_answer(
            status, json.loads(answer.answer.body)
        )


def asked(state: Any, path: str) -> Exchange:
    import httpx

    app = Recorded(state.app())
    token = next(iter(state.tokens))
    with a_site() as site:
        site.app = app
        headers = {"Authorization": f"Zoho-oauthtoken {token}"}
        httpx.get(site.address + path, headers=headers)
    return app.exchanges[0]
