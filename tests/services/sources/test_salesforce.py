"""Salesforce, read from an API with the vendor's manners: nothing lost, whatever goes wrong."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.demo.vendors.salesforce import CLIENT, SECRET, Salesforce
from fairness_audit.demo.vendors.served import ServedField, ServedObject
from fairness_audit.errors import SourceError
from fairness_audit.sources import RateLimited
from fairness_audit.sources.salesforce import SalesforceLogin, SalesforceSource
from fairness_audit.sources.salesforce.fields import long_id
from fairness_audit.steps.extract import read_snapshot
from tests.builders.loaded_policies import an_object
from tests.servers.vendors import IMPATIENT, Vendor, a_company, as_read, leads, served_by, table_of

NAME = {
    "id": "Id",
    "text": "Description__c",
    "created": "CreatedDate",
    "flag": "IsDeleted",
    "number": "NumberOfEmployees",
    "day": "Birthdate",
}
KINDS = {
    "id": "id", "text": "textarea", "created": "datetime", "flag": "boolean", "number": "int",
    "day": "date",
}  # fmt: skip
COLUMNS = list(NAME.values())
ROWS = 250
RESULTS = "GET /services/data/v60.0/jobs/query/.*/results"


def lead_id(i: int) -> str:
    return long_id(f"00Q{i:012}")


def a_source(address: str, **more: Any) -> SalesforceSource:
    login = SalesforceLogin(address, CLIENT, SECRET)
    return SalesforceSource(login, patience=IMPATIENT, **more)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    lead = leads(ROWS, NAME, id_of=lead_id, kinds=KINDS)
    lead.name = "Lead"
    state = Salesforce(a_company(lead=lead), bulk_page=60, polls_needed=0)
    with served_by(state, a_source) as served:
        yield served


def the_rows(vendor: Vendor, folder: Path) -> list[dict[str, Any]]:
    return vendor.rows(folder, "Lead", COLUMNS, "Id")


def served_rows(vendor: Vendor) -> list[dict[str, Any]]:
    records = vendor.state.company.objects["Lead"].records
    return [each | {"Description__c": as_read(each["Description__c"])} for each in records]


def test_every_row_arrives_as_it_is_over_pages(vendor: Vendor, tmp_path: Path) -> None:
    """Deleted rows, stamps that tie beyond a page, newlines, emoji, NUL bytes, leading zeros."""
    assert the_rows(vendor, tmp_path) == served_rows(vendor)
    assert vendor.asked("/results?") == 5


def test_source_declared_and_written_are_in_the_manifest(vendor: Vendor, tmp_path: Path) -> None:
    lead = an_object("Lead", COLUMNS, key="Id", schema=None)
    stored = vendor.take(tmp_path, lead=lead).objects["lead"]
    assert (stored.rows_at_source, stored.rows_declared, stored.rows_written) == (ROWS,) * 3
    assert stored.table == "Lead"


def test_the_same_window_twice_gives_the_same_bytes(vendor: Vendor, tmp_path: Path) -> None:
    lead = an_object("Lead", COLUMNS, key="Id", schema=None)
    first = vendor.take(tmp_path / "a", lead=lead)
    vendor.state.company.objects["Lead"].records.reverse()
    vendor.state.bulk_page = 33
    assert vendor.take(tmp_path / "b", lead=lead).objects["lead"] == first.objects[
        "lead"
    ].model_copy(update={})


def test_a_window_is_half_open(vendor: Vendor, tmp_path: Path) -> None:
    wanted = an_object("Lead", COLUMNS, key="Id", schema=None, window_on="CreatedDate")
    snapshot = vendor.take(tmp_path, lead=wanted)
    inside = [
        each["Id"]
        for each in served_rows(vendor)
        if snapshot.window_start <= each["CreatedDate"] < snapshot.window_end
    ]
    assert 0 < len(inside) < ROWS
    assert table_of(snapshot, "lead")["Id"].to_pylist() == inside


def test_rows_created_while_it_reads_are_left_to_the_next_audit(
    vendor: Vendor, tmp_path: Path
) -> None:
    late = served_rows(vendor)[0] | {
        "Id": lead_id(9999),
        "CreatedDate": datetime.now(UTC) + timedelta(minutes=5),
    }
    vendor.state.company.objects["Lead"].records.append(late)
    assert len(the_rows(vendor, tmp_path)) == ROWS


FAULTS: dict[str, dict[str, Any]] = {
    "session over mid-job": {"do": "expire_tokens"},
    "busy": {"status": 503, "text": "<html>down for maintenance</html>"},
    "busy without a word": {"status": 420},
    "wait a little": {"status": 429, "headers": {"Retry-After": "0.05"}},
    "too many, without a time": {"status": 429},
    "cut at the border of a row": {"cut": "border"},
    "cut within a row": {"cut": "inside"},
    "broken off": {"break": True},
    "slow": {"drip": 0.01},
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("nth", [1, 3, 5])
def test_a_bad_moment_loses_nothing_and_starts_no_second_job(
    vendor: Vendor, tmp_path: Path, fault: str, nth: int
) -> None:
    vendor.app.follow([{"match": RESULTS, "nth": nth, "action": FAULTS[fault]}])
    assert the_rows(vendor, tmp_path) == served_rows(vendor)
    assert (
        len([each for each in vendor.app.requests if each.startswith("POST /services/data")]) == 1
    )


def test_a_page_that_stays_cut_is_an_error_and_no_snapshot(vendor: Vendor, tmp_path: Path) -> None:
    vendor.app.follow([{"match": RESULTS, "nth": 0, "action": {"cut": "border"}}])
    with pytest.raises(SourceError, match=r"a page of \d+ rows that declares 60, 4 times"):
        the_rows(vendor, tmp_path)
    with pytest.raises(SourceError, match="there is no snapshot"):
        read_snapshot(tmp_path / "run")


def test_killed_after_a_page_it_goes_on_behind_it(vendor: Vendor, tmp_path: Path) -> None:
    vendor.app.follow(
        [{"match": RESULTS, "nth": n, "action": {"status": 503}} for n in range(4, 9)]
    )
    with pytest.raises(SourceError, match="HTTP 503"):
        the_rows(vendor, tmp_path)
    vendor.app.follow([])
    assert the_rows(vendor, tmp_path) == served_rows(vendor)
    assert vendor.asked("POST /services/data") == 0
    assert vendor.asked("/results?") == 2


def test_a_job_that_is_gone_begins_anew(vendor: Vendor, tmp_path: Path) -> None:
    vendor.app.follow([{"match": RESULTS, "nth": 3, "action": {"do": "forget_jobs"}}])
    assert the_rows(vendor, tmp_path) == served_rows(vendor)
    assert vendor.asked("POST /services/data") == 2


def test_another_api_version_begins_anew(vendor: Vendor, tmp_path: Path) -> None:
    conflict = [{"message": "version", "errorCode": "API_VERSION_MISMATCH"}]
    action = {"status": 409, "json": conflict}
    vendor.app.follow([{"match": RESULTS, "nth": 2, "action": action}])
    assert the_rows(vendor, tmp_path) == served_rows(vendor)
    assert vendor.asked("POST /services/data") == 2


@pytest.mark.parametrize("state", ["Failed", "Aborted"])
def test_a_job_that_fails_is_an_error(vendor: Vendor, tmp_path: Path, state: str) -> None:
    vendor.state.end_as(state)
    with pytest.raises(SourceError, match=f"ended {state}"):
        the_rows(vendor, tmp_path)


def test_a_row_that_went_away_between_counting_and_reading_is_an_error(
    vendor: Vendor, tmp_path: Path
) -> None:
    records = vendor.state.company.objects["Lead"].records
    vendor.state.purge = records.pop
    vendor.app.follow([{"match": "POST /services/data/.*/jobs/query", "action": {"do": "purge"}}])
    with pytest.raises(SourceError, match=r"counts 250 rows, 249 were declared, 249 were written"):
        the_rows(vendor, tmp_path)
    assert len(the_rows(vendor, tmp_path)) == ROWS - 1


def test_a_long_rest_frees_the_slot(vendor: Vendor, tmp_path: Path) -> None:
    action = {"status": 429, "headers": {"Retry-After": "900"}}
    vendor.app.follow([{"match": RESULTS, "nth": 2, "action": action}])
    with pytest.raises(RateLimited, match="asks for 900 s of rest") as limited:
        the_rows(vendor, tmp_path)
    assert limited.value.retry_after == 900.0


def test_a_spent_allowance_frees_the_slot(vendor: Vendor, tmp_path: Path) -> None:
    spent = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    vendor.app.follow([{"match": RESULTS, "action": {"status": 403, "json": spent}}])
    with pytest.raises(RateLimited, match="REQUEST_LIMIT_EXCEEDED"):
        the_rows(vendor, tmp_path)


def test_it_stops_before_the_allowance_of_others_is_spent(vendor: Vendor, tmp_path: Path) -> None:
    vendor.state.company.day_limit = 10
    with pytest.raises(RateLimited, match=r"8 of 10 API requests of the day are used"):
        the_rows(vendor, tmp_path)


def test_a_hidden_field_is_an_error_and_no_column_of_nulls(vendor: Vendor, tmp_path: Path) -> None:
    vendor.state.company.objects["Lead"].hide("Birthdate")
    with pytest.raises(SourceError, match=r"policy.yaml:\d+.*has no column 'Birthdate'"):
        the_rows(vendor, tmp_path)


def test_an_object_nobody_may_see_is_an_error_and_no_empty_table(
    vendor: Vendor, tmp_path: Path
) -> None:
    vendor.state.company.objects["Lead"].is_forbidden = True
    with pytest.raises(SourceError, match="there is no object Lead, or the integration user may"):
        the_rows(vendor, tmp_path)


def test_what_bulk_refuses_is_read_by_rest(vendor: Vendor, tmp_path: Path) -> None:
    vendor.state.company.objects["Lead"].is_for_bulk = False
    assert the_rows(vendor, tmp_path) == served_rows(vendor)
    assert vendor.asked("GET /services/data/v60.0/query/") == 6


def test_fifteen_character_ids_become_eighteen(tmp_path: Path) -> None:
    """An id as an export has it, and the same as the API has it."""
    fields = (ServedField("Id", "id"), ServedField("Owner__c", "reference"))
    owner = "005D0000001DAbC"
    member = ServedObject("Member", fields, [{"Id": lead_id(1), "Owner__c": owner}])
    with served_by(Salesforce(a_company(member=member)), a_source) as vendor:
        (row,) = vendor.rows(tmp_path, "Member", ["Id", "Owner__c"], "Id")
    assert row["Owner__c"] == long_id(owner)
    assert len(row["Owner__c"]) == 18


@given(st.text("ABCXYZabcxyz0189", min_size=15, max_size=15))
def test_ids_differ_also_where_case_is_lost(short: str) -> None:
    whole = long_id(short)
    assert whole[:15] == short
    assert long_id(whole) == whole
    assert long_id(short.swapcase()).lower() != whole.lower() or short.swapcase() == short


@pytest.mark.parametrize(
    ("short", "whole"),
    [("001D000000IqhSL", "001D000000IqhSLIAZ"), ("a0B000000000001", "a0B000000000001EAA")],
)
def test_published_ids(short: str, whole: str) -> None:
    assert long_id(short) == whole


@pytest.mark.parametrize(
    ("precision", "scale", "value"),
    [(8, 0, "50000000"), (9, 0, "123456789"), (8, 2, "-123456.78"), (18, 2, "0.1")],
)
@pytest.mark.parametrize("is_for_bulk", [True, False])
def test_money_has_the_digits_that_its_field_declares(
    tmp_path: Path, precision: int, scale: int, value: str, is_for_bulk: bool
) -> None:
    """A currency without decimals: yen, forints, or whole dollars by choice."""
    fields = (ServedField("Id", "id"), ServedField("Amount", "currency", 0, 0, precision, scale))
    deal = ServedObject(
        "Deal", fields, [{"Id": lead_id(1), "Amount": Decimal(value)}], is_for_bulk=is_for_bulk
    )
    with served_by(Salesforce(a_company(deal=deal)), a_source) as vendor:
        (row,) = vendor.rows(tmp_path, "Deal", ["Id", "Amount"], "Id")
    assert row["Amount"] == Decimal(value)


@pytest.mark.parametrize("value", ["98765432", "1.005", "9" * 40])
@pytest.mark.parametrize("is_for_bulk", [True, False])
def test_money_of_more_digits_is_an_error_and_no_other_sum(
    tmp_path: Path, value: str, is_for_bulk: bool
) -> None:
    fields = (ServedField("Id", "id"), ServedField("Amount", "currency", 0, 0, 8, 2))
    deal = ServedObject(
        "Deal", fields, [{"Id": lead_id(1), "Amount": value}], is_for_bulk=is_for_bulk
    )
    with (
        served_by(Salesforce(a_company(deal=deal)), a_source) as vendor,
        pytest.raises(SourceError, match=r"does not fit the type|what the field cannot") as caught,
    ):
        vendor.rows(tmp_path, "Deal", ["Id", "Amount"], "Id")
    assert value not in str(caught.value)


def test_a_row_longer_than_a_megabyte_arrives(tmp_path: Path) -> None:
    """Long text areas hold 131,072 characters each, and an object may have many."""
    names = [f"Notes_{i}__c" for i in range(20)]
    fields = (ServedField("Id", "id"), *(ServedField(name, "textarea") for name in names))
    record = {"Id": lead_id(1)} | {name: f"{name}\n" * 10_000 for name in names}
    served = ServedObject("Lead", fields, [record, record | {"Id": lead_id(2)}])
    with served_by(Salesforce(a_company(lead=served)), a_source) as vendor:
        assert vendor.rows(tmp_path, "Lead", ["Id", *names], "Id") == served.records


def test_a_refused_login_says_why_and_no_secret(vendor: Vendor, tmp_path: Path) -> None:
    wrong = SalesforceSource(SalesforceLogin(vendor.address, CLIENT, "not-the-secret"))
    vendor.source = wrong
    with pytest.raises(SourceError, match="login refused: HTTP 400 invalid_client") as refused:
        the_rows(vendor, tmp_path)
    assert "not-the-secret" not in str(refused.value)
    assert "not-the-secret" not in repr(wrong)


def test_a_login_answered_with_200_and_an_error_is_refused(vendor: Vendor, tmp_path: Path) -> None:
    action = {"status": 200, "json": {"error": "invalid_grant"}}
    vendor.app.follow([{"match": "POST /services/oauth2/token", "action": action}])
    with pytest.raises(SourceError, match="login refused: HTTP 200 invalid_grant"):
        the_rows(vendor, tmp_path)


def test_a_signed_assertion_logs_in_too(vendor: Vendor, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    login = SalesforceLogin(vendor.address, CLIENT, user="audit@example.org", private_key=pem)
    vendor.source = SalesforceSource(login, patience=IMPATIENT)
    assert the_rows(vendor, tmp_path) == served_rows(vendor)
    vendor.source = SalesforceSource(
        SalesforceLogin(vendor.address, CLIENT, user="x", private_key="no key"), patience=IMPATIENT
    )
    with pytest.raises(SourceError, match=r"extra\.private_key is no RSA key"):
        the_rows(vendor, tmp_path / "again")


def test_a_kept_token_is_used_again_and_renewed_when_it_is_refused(
    vendor: Vendor, tmp_path: Path
) -> None:
    login = SalesforceLogin(vendor.address, CLIENT, SECRET, keep_in=tmp_path / "tokens")
    for folder in ("a", "b"):
        vendor.source = SalesforceSource(login, patience=IMPATIENT)
        the_rows(vendor, tmp_path / folder)
    assert vendor.asked("oauth2/token") == 1
    (kept,) = (tmp_path / "tokens").iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    vendor.state.expire_tokens()
    vendor.source = SalesforceSource(login, patience=IMPATIENT)
    the_rows(vendor, tmp_path / "c")
    assert vendor.asked("oauth2/token") == 2


def test_fields_that_appear_vanish_or_change_type_are_recorded(
    vendor: Vendor, tmp_path: Path
) -> None:
    """Read or not: a field nobody asked for may be the one that is asked for next."""
    lead = an_object("Lead", COLUMNS, key="Id", schema=None)
    first = vendor.take(tmp_path / "a", lead=lead)
    served = vendor.state.company.objects["Lead"]
    kept = [each for each in served.fields if each.name != "NumberOfEmployees"]
    changed = ServedField("NumberOfEmployees", "double")
    served.fields = (*kept, changed, ServedField("Gender__c", "picklist"))
    second = vendor.take(tmp_path / "b", lead=lead, previous=first)
    found = {(each.column, each.was, each.became) for each in second.drift}
    assert ("Gender__c", None, "picklist") in found
    assert ("NumberOfEmployees", "int", "double(18, 2)") in found
    served.fields = tuple(kept)
    with pytest.raises(SourceError, match="has no column 'NumberOfEmployees'"):
        vendor.take(tmp_path / "c", lead=lead, previous=second)


def test_nothing_secret_is_logged(
    vendor: Vendor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="fairness_audit")
    vendor.app.follow([{"match": RESULTS, "nth": 2, "action": {"status": 503}}])
    the_rows(vendor, tmp_path)
    (token,) = vendor.state.tokens
    assert "asking again" in caplog.text
    assert SECRET not in caplog.text
    assert token not in caplog.text


def test_a_job_that_never_ends_is_given_up(vendor: Vendor, tmp_path: Path) -> None:
    vendor.state.end_as("InProgress")
    login = SalesforceLogin(vendor.address, CLIENT, SECRET)
    vendor.source = SalesforceSource(login, patience=replace(IMPATIENT, longest_job=0.3))
    with pytest.raises(SourceError, match="is still InProgress after 0 minutes"):
        the_rows(vendor, tmp_path)
