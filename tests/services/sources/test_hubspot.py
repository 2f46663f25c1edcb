"""HubSpot, read from an API with the vendor's manners: archived records too."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.demo.vendors.hubspot import TOKEN, Hubspot
from fairness_audit.demo.vendors.served import Company, ServedField
from fairness_audit.errors import SourceError
from fairness_audit.sources import RateLimited, Scope, Window
from fairness_audit.sources.hubspot import HubspotLogin, HubspotSource
from tests.builders.loaded_policies import an_object
from tests.servers.vendors import IMPATIENT, Vendor, as_read, leads, served_by, table_of

NAME = {
    "id": "id",
    "text": "description",
    "created": "createdAt",
    "flag": "archived",
    "number": "employees",
    "day": "date_of_birth",
}
KINDS = {
    "id": "string", "text": "string", "created": "datetime", "flag": "bool", "number": "number",
    "day": "date",
}  # fmt: skip
COLUMNS = list(NAME.values())
ROWS = 250
LIST = "GET /crm/objects/2026-03/contacts"


def a_source(address: str) -> HubspotSource:
    return HubspotSource(HubspotLogin(TOKEN, address), patience=IMPATIENT)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    contact = leads(ROWS, NAME, id_of=lambda i: str(100_001 + i), kinds=KINDS)
    contact.name = "contacts"
    company = Company({"contacts": contact}, page_rows=40)
    with served_by(Hubspot(company), a_source) as served:
        yield served


def the_rows(vendor: Vendor, folder: Path) -> list[dict[str, Any]]:
    return vendor.rows(folder, "contacts", COLUMNS, "id")


def served_rows(vendor: Vendor) -> list[dict[str, Any]]:
    records = vendor.state.company.objects["contacts"].records
    return [each | {"description": as_read(each["description"])} for each in records]


def test_every_record_arrives_archived_ones_too(vendor: Vendor, tmp_path: Path) -> None:
    assert the_rows(vendor, tmp_path) == served_rows(vendor)
    assert vendor.asked("archived=true") > 0


def test_a_window_is_half_open(vendor: Vendor, tmp_path: Path) -> None:
    wanted = an_object("contacts", COLUMNS, key="id", schema=None, window_on="createdAt")
    snapshot = vendor.take(tmp_path, lead=wanted)
    inside = [
        each["id"]
        for each in served_rows(vendor)
        if snapshot.window_start <= each["createdAt"] < snapshot.window_end
    ]
    assert 0 < len(inside) < ROWS
    assert table_of(snapshot, "lead")["id"].to_pylist() == inside


def a_vendor(name: str, **more: ServedField) -> Hubspot:
    """An account of one object, whose records were created and changed at other times."""
    served = leads(ROWS, NAME, id_of=lambda i: str(100_001 + i), kinds=KINDS)
    served.name = name
    served.fields += tuple(more.values())
    for i, record in enumerate(served.records):
        record["updatedAt"] = record["createdAt"] + timedelta(days=30 + i % 7)
    return Hubspot(Company({name: served}, page_rows=40))


@pytest.mark.parametrize("name", ["contacts", "deals", "quotes", "2-3465404", "p1_score_logs"])
@pytest.mark.parametrize("window_on", [None, "createdAt", "updatedAt"])
def test_records_are_counted_by_what_their_object_calls_its_stamps(
    tmp_path: Path, name: str, window_on: str | None
) -> None:
    """Search knows properties alone, and not every object has a `createdate`."""
    columns = ["id", "createdAt", "updatedAt"]
    wanted = an_object(name, columns, key="id", schema=None, window_on=window_on)
    with served_by(a_vendor(name), a_source) as vendor:
        snapshot = vendor.take(tmp_path, lead=wanted)
        records = vendor.state.company.objects[name].records
    inside = [
        each["id"]
        for each in records
        if not window_on or snapshot.window_start <= each[window_on] < snapshot.window_end
    ]
    assert len(inside) > 0
    assert table_of(snapshot, "lead")["id"].to_pylist() == inside


def test_a_window_may_begin_within_a_second(tmp_path: Path) -> None:
    """Search counts in milliseconds, and a bound lies between two of them."""
    state = a_vendor("contacts")
    bound = datetime(2026, 5, 1, 12, 0, 0, 500, tzinfo=UTC)
    for i, record in enumerate(state.company.objects["contacts"].records):
        record["createdAt"] = bound.replace(microsecond=0) + timedelta(milliseconds=i % 3)
    window = Window("createdAt", bound, bound + timedelta(milliseconds=1))
    wanted = Scope(("id", "createdAt"), "id", window)
    with served_by(state, a_source) as vendor, vendor.source.frozen() as crm:
        table = crm.table(None, "contacts")
        rows = sum(page.batch.num_rows for page in table.pages(wanted))
        assert table.count(wanted).rows == rows
    assert 0 < rows < ROWS


def test_a_property_without_a_value_may_be_missing_or_null(vendor: Vendor, tmp_path: Path) -> None:
    own = {"createdAt": "2026-01-31T23:30:00.000Z", "updatedAt": "2026-01-31T23:30:00.000Z"}
    created = {"createdate": own["createdAt"]}
    found = [
        {"id": "1", **own, "archived": False, "properties": created | {"employees": "7"}},
        {"id": "2", **own, "archived": False, "properties": created | {"employees": None}},
        {"id": "3", **own, "archived": False, "properties": created},
    ]
    with vendor.source.frozen() as crm:
        table = crm.table(None, "contacts")
        action = {"status": 200, "json": {"results": found}}
        vendor.app.follow([{"match": "archived=false", "nth": 0, "action": action}])
        page = next(iter(table.pages(Scope(("id", "employees"), "id", None))))
    assert page.batch["employees"].to_pylist() == [7.0, None, None]


def test_an_object_that_nobody_can_count_is_an_error(vendor: Vendor, tmp_path: Path) -> None:
    action = {"status": 200, "json": {"results": [{"name": "description", "type": "string"}]}}
    vendor.app.follow([{"match": "GET /crm/properties/", "nth": 2, "action": action}])
    with pytest.raises(SourceError, match=r"nobody can count contacts by createdAt"):
        the_rows(vendor, tmp_path)


def test_a_name_that_would_be_two_in_a_list_of_names_is_not_read(tmp_path: Path) -> None:
    state = a_vendor("contacts", odd=ServedField("zip,canary", "string"))
    for record in state.company.objects["contacts"].records:
        record["zip,canary"] = "x"
    with (
        served_by(state, a_source) as vendor,
        pytest.raises(SourceError, match="permission denied for column 'zip,canary'"),
    ):
        vendor.rows(tmp_path, "contacts", ["id", "zip,canary"], "id")


@pytest.mark.parametrize(
    "action",
    [
        {"status": 429, "json": {"category": "RATE_LIMITS"}, "headers": {"Retry-After": "0.05"}},
        {"status": 502, "text": "<html>"},
        {"cut": "inside"},
        {"break": True},
        {"drip": 0.01},
    ],
)
@pytest.mark.parametrize("nth", [1, 2, 4])
def test_a_bad_moment_loses_nothing(
    vendor: Vendor, tmp_path: Path, action: dict[str, Any], nth: int
) -> None:
    vendor.app.follow([{"match": f"{LIST}[?]", "nth": nth, "action": action}])
    assert the_rows(vendor, tmp_path) == served_rows(vendor)


def test_killed_after_a_page_it_goes_on_behind_it(vendor: Vendor, tmp_path: Path) -> None:
    down = {"match": f"{LIST}.*archived=false", "action": {"status": 503}}
    vendor.app.follow([down | {"nth": n} for n in range(2, 7)])
    with pytest.raises(SourceError, match="HTTP 503"):
        the_rows(vendor, tmp_path)
    vendor.app.follow([])
    assert the_rows(vendor, tmp_path) == served_rows(vendor)
    live = [each for each in vendor.app.requests if "archived=false" in each]
    assert all("after=" in each for each in live)


def test_a_record_that_is_archived_while_it_reads_is_there_once(
    vendor: Vendor, tmp_path: Path
) -> None:
    """It was read live, and comes again in the archived pass: the later one counts."""
    first = vendor.state.company.objects["contacts"].records[1]
    vendor.state.archive = lambda: first.update(archived=True)
    vendor.app.follow(
        [{"match": f"{LIST}.*archived=false.*after", "nth": 1, "action": {"do": "archive"}}]
    )
    rows = the_rows(vendor, tmp_path)
    assert len(rows) == ROWS
    assert rows[1]["archived"] is True


def test_a_long_rest_frees_the_slot(vendor: Vendor, tmp_path: Path) -> None:
    action = {"status": 429, "json": {"category": "RATE_LIMITS"}, "headers": {"Retry-After": "90"}}
    vendor.app.follow([{"match": LIST, "action": action}])
    with pytest.raises(RateLimited, match="asks for 90 s of rest"):
        the_rows(vendor, tmp_path)


def test_an_object_nobody_may_see_is_an_error(vendor: Vendor, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no object type deals"):
        vendor.rows(tmp_path, "deals", COLUMNS, "id")


def test_a_wrong_token_is_refused_and_not_told(vendor: Vendor, tmp_path: Path) -> None:
    vendor.source = HubspotSource(HubspotLogin("pat-wrong", vendor.address), patience=IMPATIENT)
    with pytest.raises(SourceError, match="INVALID_AUTHENTICATION") as refused:
        the_rows(vendor, tmp_path)
    assert "pat-wrong" not in str(refused.value) + repr(vendor.source)
