"""Zoho CRM, read from an API with the vendor's manners: all leads, whatever goes wrong."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.demo.vendors.served import ServedField, ServedObject
from fairness_audit.demo.vendors.zoho import CLIENT, REFRESH, SECRET, Job, Zoho
from fairness_audit.errors import SourceError
from fairness_audit.sources import RateLimited
from fairness_audit.sources.zoho import ACCOUNTS, ZohoLogin, ZohoSource
from tests.builders.loaded_policies import an_object
from tests.servers.vendors import IMPATIENT, Vendor, a_company, as_read, leads, served_by, table_of

NAME = {
    "id": "id",
    "text": "Description",
    "created": "Created_Time",
    "flag": "converted",
    "number": "No_of_Employees",
    "day": "Date_of_Birth",
}
KINDS = {
    "id": "bigint", "text": "textarea", "created": "datetime", "flag": "boolean",
    "number": "integer", "day": "date",
}  # fmt: skip
COLUMNS = list(NAME.values())
ROWS = 250
RESULT = "GET /crm/bulk/v8/read/.*/result"
CREATE = "POST /crm/bulk/v8/read"


def lead_id(i: int) -> str:
    """An id that no double holds."""
    return str(4_150_868_000_000_000_001 + i)


def a_source(address: str, **more: Any) -> ZohoSource:
    login = ZohoLogin(CLIENT, SECRET, REFRESH, data_center=address)
    return ZohoSource(login, patience=IMPATIENT, **more)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    lead = leads(ROWS, NAME, id_of=lead_id, kinds=KINDS)
    lead.name = "Leads"
    with served_by(Zoho(a_company(lead=lead), bulk_page=60, polls_needed=0), a_source) as served:
        yield served


def the_rows(vendor: Vendor, folder: Path) -> list[dict[str, Any]]:
    return vendor.rows(folder, "Leads", COLUMNS, "id")


def served_rows(vendor: Vendor) -> list[dict[str, Any]]:
    records = vendor.state.company.objects["Leads"].records
    return [each | {"Description": as_read(each["Description"])} for each in records]


@pytest.mark.parametrize("has_converted", [False, True])
def test_every_row_arrives_converted_ones_too(
    vendor: Vendor, tmp_path: Path, has_converted: bool
) -> None:
    """Whether bulk read gives converted leads is not documented: it makes no difference."""
    vendor.state.bulk_has_converted = has_converted
    assert the_rows(vendor, tmp_path) == served_rows(vendor)


def test_what_came_twice_is_there_once_and_told(vendor: Vendor, tmp_path: Path) -> None:
    vendor.state.bulk_has_converted = True
    lead = an_object("Leads", COLUMNS, key="id", schema=None)
    stored = vendor.take(tmp_path, lead=lead).objects["lead"]
    converted = sum(each["converted"] for each in served_rows(vendor))
    assert (stored.rows_written, stored.rows_repeated) == (ROWS, converted)


def test_a_window_is_half_open_for_both_passes(vendor: Vendor, tmp_path: Path) -> None:
    wanted = an_object("Leads", COLUMNS, key="id", schema=None, window_on="Created_Time")
    snapshot = vendor.take(tmp_path, lead=wanted)
    inside = [
        each["id"]
        for each in served_rows(vendor)
        if snapshot.window_start <= each["Created_Time"] < snapshot.window_end
    ]
    assert 0 < len(inside) < ROWS
    assert table_of(snapshot, "lead")["id"].to_pylist() == inside


FAULTS: dict[str, dict[str, Any]] = {
    "token over mid-job": {"do": "expire_tokens"},
    "busy": {"status": 500, "json": {"code": "INTERNAL_ERROR", "status": "error"}},
    "too many requests": {"status": 429, "json": {"code": "TOO_MANY_REQUESTS"}},
    "wait a little": {"status": 429, "headers": {"Retry-After": "0.05"}},
    "cut": {"cut": "inside"},
    "broken off": {"break": True},
    "slow": {"drip": 0.01},
    "a page of the portal": {"status": 503, "text": "<html>busy</html>"},
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("where", [(RESULT, 2), (r"GET /crm/v8/Leads", 2), (CREATE, 1)])
def test_a_bad_moment_loses_nothing(
    vendor: Vendor, tmp_path: Path, fault: str, where: tuple[str, int]
) -> None:
    match, nth = where
    vendor.app.follow([{"match": match, "nth": nth, "action": FAULTS[fault]}])
    assert the_rows(vendor, tmp_path) == served_rows(vendor)


def test_killed_after_a_page_it_goes_on_behind_it(vendor: Vendor, tmp_path: Path) -> None:
    vendor.app.follow(
        [{"match": RESULT, "nth": n, "action": {"status": 503}} for n in range(2, 7)]
    )
    with pytest.raises(SourceError, match="HTTP 503"):
        the_rows(vendor, tmp_path)
    vendor.app.follow([])
    assert the_rows(vendor, tmp_path) == served_rows(vendor)
    assert vendor.asked("/result") == 2  # of three pages, the first was kept


def test_page_tokens_that_ran_out_begin_anew(vendor: Vendor, tmp_path: Path) -> None:
    vendor.app.follow([{"match": f"{CREATE}$", "nth": 2, "action": {"do": "forget_pages"}}])
    assert the_rows(vendor, tmp_path) == served_rows(vendor)


def test_page_tokens_of_converted_leads_that_ran_out_begin_anew(
    vendor: Vendor, tmp_path: Path
) -> None:
    vendor.app.follow(
        [{"match": r"GET /crm/v8/Leads.*page_token", "action": {"do": "forget_pages"}}]
    )
    assert the_rows(vendor, tmp_path) == served_rows(vendor)


def test_a_job_that_is_gone_begins_anew(vendor: Vendor, tmp_path: Path) -> None:
    """The result of an unknown job is 400, and not 404."""
    vendor.app.follow([{"match": RESULT, "nth": 2, "action": {"do": "forget_jobs"}}])
    assert the_rows(vendor, tmp_path) == served_rows(vendor)
    refused = {"code": "RESOURCE_NOT_FOUND", "details": {"resource": "job"}, "status": "error"}
    vendor.app.follow([{"match": RESULT, "nth": 0, "action": {"status": 400, "json": refused}}])
    with pytest.raises(SourceError, match=r"bulk read job \d+ is gone \(HTTP 400 RESOURCE_NOT"):
        the_rows(vendor, tmp_path / "again")


@pytest.mark.parametrize(
    "change",
    [
        {"next_page_token": "same"},
        {"next_page_token": None},
        {"next_page_token": ""},
        {"next_page_token": "two words"},
    ],
)
def test_pages_that_do_not_go_on_are_an_error(
    vendor: Vendor, tmp_path: Path, change: dict[str, Any]
) -> None:
    vendor.state.pages["same"] = Job(COLUMNS, "Leads", None, 0)
    vendor.state.result_changes = change
    with pytest.raises(SourceError, match=r"pages do not go on|next_page_token"):
        the_rows(vendor, tmp_path)


def test_an_address_in_an_answer_leads_nowhere_else(vendor: Vendor, tmp_path: Path) -> None:
    """A path that begins with @ would make what comes before it a login of another host."""
    for url in ("@canary.example/result", "https://canary.example/result", "/a b", ""):
        vendor.state.result_changes = {"download_url": url}
        with pytest.raises(SourceError, match=r"data\[0\]\.result\.download_url"):
            the_rows(vendor, tmp_path)


@pytest.mark.parametrize("domain", ["canary.example:abc", "ftp://canary.example", "", None, 7])
def test_a_login_that_leads_to_no_address_is_an_error(
    vendor: Vendor, tmp_path: Path, domain: Any
) -> None:
    answer = {"access_token": "t", "expires_in": 3600, "api_domain": domain}
    action = {"status": 200, "json": answer}
    vendor.app.follow([{"match": "POST /oauth/v2/token", "action": action}])
    with pytest.raises(SourceError, match=r"login: .*: api_domain: ") as caught:
        the_rows(vendor, tmp_path)
    assert "canary" not in str(caught.value)


def test_more_fields_than_one_call_takes(tmp_path: Path) -> None:
    """230 fields: two bulk jobs, five requests for the converted; joined by id."""
    names = [f"Custom_{i}" for i in range(230)]
    fields = (
        ServedField("id", "bigint"),
        ServedField("converted", "boolean"),
        *(ServedField(name, "text") for name in names),
    )
    records = [
        {"id": lead_id(i), "converted": i % 2 == 0} | {name: f"{name} of {i}" for name in names}
        for i in range(90)
    ]
    state = Zoho(
        a_company(lead=ServedObject("Leads", fields, records)), bulk_page=20, polls_needed=0
    )
    with served_by(state, a_source) as vendor:
        columns = ["id", "converted", *names]
        assert vendor.rows(tmp_path / "a", "Leads", columns, "id") == records
        # A record that goes away between two halves of a page: they disagree.
        state.purge = records.pop  # type: ignore[attr-defined]
        vendor.app.follow(
            [{"match": f"{CREATE}$", "nth": 2, "action": {"do": "purge", "with": [1]}}]
        )
        with pytest.raises(SourceError, match="gave different records"):
            vendor.rows(tmp_path / "b", "Leads", columns, "id")


def test_a_module_without_records_is_empty(tmp_path: Path) -> None:
    fields = (ServedField("id", "bigint"), ServedField("converted", "boolean"))
    state = Zoho(a_company(lead=ServedObject("Leads", fields, [])), polls_needed=0)
    with served_by(state, a_source) as vendor:
        assert vendor.rows(tmp_path, "Leads", ["id", "converted"], "id") == []


@pytest.mark.parametrize("state", ["FAILURE", "SKIPPED"])
def test_a_job_that_fails_is_an_error(vendor: Vendor, tmp_path: Path, state: str) -> None:
    vendor.state.end_as(state)
    with pytest.raises(SourceError, match=f"ended {state}"):
        the_rows(vendor, tmp_path)


def test_a_long_rest_frees_the_slot(vendor: Vendor, tmp_path: Path) -> None:
    action = {"status": 429, "headers": {"Retry-After": "600"}}
    vendor.app.follow([{"match": CREATE, "action": action}])
    with pytest.raises(RateLimited, match="asks for 600 s of rest"):
        the_rows(vendor, tmp_path)


def test_it_stops_before_the_credits_of_others_are_spent(vendor: Vendor, tmp_path: Path) -> None:
    vendor.state.credits = 1005
    vendor.state.company.requests = 600
    vendor.source = a_source(vendor.address, least_credits=402)
    with pytest.raises(RateLimited, match="API credits of the day are left"):
        the_rows(vendor, tmp_path)


def test_a_module_nobody_may_see_is_an_error(vendor: Vendor, tmp_path: Path) -> None:
    vendor.state.company.objects["Leads"].is_forbidden = True
    with pytest.raises(SourceError, match=r"there is no module Leads.*HTTP 403 NO_PERMISSION"):
        the_rows(vendor, tmp_path)


def test_a_login_refused_with_200_is_refused_and_tells_no_secret(
    vendor: Vendor, tmp_path: Path
) -> None:
    login = ZohoLogin(CLIENT, SECRET, "1000.wrong", data_center=vendor.address)
    vendor.source = ZohoSource(login, patience=IMPATIENT)
    with pytest.raises(SourceError, match="login refused: HTTP 200 invalid_code") as refused:
        the_rows(vendor, tmp_path)
    assert "1000.wrong" not in str(refused.value) + repr(login)


def test_every_data_centre_has_its_login() -> None:
    assert ZohoLogin(CLIENT, SECRET, REFRESH, "ca").accounts == "https://accounts.zohocloud.ca"
    assert all(address.startswith("https://accounts.zoho") for address in ACCOUNTS.values())
    with pytest.raises(SourceError, match="there is no such data centre"):
        ZohoSource(ZohoLogin(CLIENT, SECRET, REFRESH, "mars"))


def test_a_job_that_never_ends_is_given_up(vendor: Vendor, tmp_path: Path) -> None:
    vendor.state.end_as("IN PROGRESS")
    login = ZohoLogin(CLIENT, SECRET, REFRESH, data_center=vendor.address)
    vendor.source = ZohoSource(login, patience=replace(IMPATIENT, longest_job=0.3))
    with pytest.raises(SourceError, match="is still IN_PROGRESS after 0 minutes"):
        the_rows(vendor, tmp_path)
