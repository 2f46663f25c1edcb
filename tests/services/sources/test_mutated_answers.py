"""Answers that are not what they should be: the right rows, or an error of the source's own.

Every answer that a reading asks for is changed in every place: a sample of the changes in every
run of the tests, all of them among the slow proofs.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from fairness_audit.demo.vendors.faults import App
from fairness_audit.demo.vendors.hubspot import TOKEN, Hubspot
from fairness_audit.demo.vendors.salesforce import CLIENT, SECRET, Salesforce
from fairness_audit.demo.vendors.served import Company, ServedField, ServedObject
from fairness_audit.demo.vendors.serving import serving
from fairness_audit.demo.vendors.zoho import CLIENT as ZOHO_CLIENT
from fairness_audit.demo.vendors.zoho import REFRESH, Zoho
from fairness_audit.demo.vendors.zoho import SECRET as ZOHO_SECRET
from fairness_audit.errors import SourceError
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.sources import Source
from fairness_audit.sources.hubspot import HubspotLogin, HubspotSource
from fairness_audit.sources.salesforce import SalesforceLogin, SalesforceSource
from fairness_audit.sources.zoho import ZohoLogin, ZohoSource
from fairness_audit.steps.extract import extract
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.populations import SQL
from tests.servers.mutated import Mutating, Mutation, mutations
from tests.servers.vendors import IMPATIENT

SAMPLE = 50
EVERY = "FAIRNESS_AUDIT_TEST_EVERY_MUTATION"
SEED = 20261127
NOW = datetime(2026, 6, 29, tzinfo=UTC)
STAMP = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
HASTY = replace(IMPATIENT, tries=2, first_wait=0.0, longest_job=0.1, sleep=lambda seconds: None)
ROWS = 5


@dataclass(frozen=True)
class Case:
    """A vendor's small company, made anew for each reading, and what reads it."""

    name: str
    object: str
    columns: tuple[str, ...]
    made: Callable[[], Any]
    source: Callable[[str], Source]
    values: tuple[str, ...]
    """Where values of rows begin in an answer: what is legal there, nobody can tell apart."""


def records(names: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    return [
        {
            names["id"]: f"{100_001 + row}",
            names["text"]: f"row {row}",
            names["amount"]: Decimal(row) + Decimal("0.25"),
            names["created"]: STAMP + timedelta(days=row),
            names["flag"]: row == 2,
        }
        | more
        for row in range(ROWS)
    ]


def company(name: str, kinds: dict[str, str], rows: list[dict[str, Any]], **more: Any) -> Company:
    fields = tuple(ServedField(each, kind, 0, 9, 4, 2) for each, kind in kinds.items())
    return Company({name: ServedObject(name, fields, rows, **more)}, page_rows=2)


SALESFORCE = {
    "id": "Id",
    "text": "Name",
    "amount": "Amount__c",
    "created": "CreatedDate",
    "flag": "IsDeleted",
}
ZOHO = {
    "id": "id",
    "text": "Last_Name",
    "amount": "Score",
    "created": "Created_Time",
    "flag": "converted",
}
HUBSPOT = {
    "id": "id",
    "text": "firstname",
    "amount": "amount",
    "created": "createdAt",
    "flag": "archived",
}


def kinds(names: dict[str, str], *types: str) -> dict[str, str]:
    return dict(zip(names.values(), types, strict=True))


def salesforce(*, is_for_bulk: bool) -> Case:
    typed = kinds(SALESFORCE, "id", "string", "currency", "datetime", "boolean")

    def made() -> Salesforce:
        served = company("Lead", typed, records(SALESFORCE), is_for_bulk=is_for_bulk)
        return Salesforce(served, bulk_page=2, polls_needed=1)

    def source(address: str) -> Source:
        return SalesforceSource(SalesforceLogin(address, CLIENT, SECRET), patience=HASTY)

    name = "bulk" if is_for_bulk else "rest"
    return Case(
        f"salesforce {name}", "Lead", tuple(SALESFORCE.values()), made, source, ("records",)
    )


def zoho() -> Case:
    typed = kinds(ZOHO, "bigint", "text", "double", "datetime", "boolean")

    def made() -> Zoho:
        return Zoho(company("Leads", typed, records(ZOHO)), bulk_page=2, polls_needed=1)

    def source(address: str) -> Source:
        login = ZohoLogin(ZOHO_CLIENT, ZOHO_SECRET, REFRESH, data_center=address)
        return ZohoSource(login, patience=HASTY)

    return Case("zoho", "Leads", tuple(ZOHO.values()), made, source, ("data",))


def hubspot() -> Case:
    typed = kinds(HUBSPOT, "string", "string", "number", "datetime", "bool")

    def made() -> Hubspot:
        return Hubspot(company("contacts", typed, records(HUBSPOT)))

    def source(address: str) -> Source:
        return HubspotSource(HubspotLogin(TOKEN, address), patience=HASTY)

    return Case("hubspot", "contacts", tuple(HUBSPOT.values()), made, source, ("results",))


CASES = [salesforce(is_for_bulk=True), salesforce(is_for_bulk=False), zoho(), hubspot()]


@dataclass
class Site:
    """One address, behind which another company with another fault can be put."""

    address: str = ""
    app: App | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


@contextmanager
def a_site() -> Iterator[Site]:
    site = Site()
    with serving(site) as site.address:
        yield site


@dataclass
class Reading:
    """Readings of one case, each of a company of its own."""

    case: Case
    site: Site
    loaded: LoadedPolicy
    folder: Path
    count: int = 0

    def rows(self, app: Mutating) -> list[dict[str, Any]]:
        self.count += 1
        self.site.app = app
        snapshot = extract(
            self.loaded,
            logical_date=NOW,
            source=self.case.source(self.site.address),
            folder=self.folder / f"run {self.count}",
            sql=SQL,
        )
        return pq.read_table(snapshot.path_of("lead")).to_pylist()  # type: ignore[no-any-return]


def is_a_value(mutation: Mutation, case: Case) -> bool:
    """True if what was changed is a row's own value, in a row or in a list of rows."""
    return bool(mutation.place) and mutation.place[0] in case.values and len(mutation.place) > 2


each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_case
def test_the_right_rows_or_an_error_of_the_source(case: Case, tmp_path: Path) -> None:
    tried, wrong = attempted(case, tmp_path, SAMPLE)
    assert not wrong, f"{len(wrong)} of {tried}:\n" + "\n".join(wrong)


@pytest.mark.whole
@pytest.mark.timeout(1800)
@pytest.mark.skipif(EVERY not in os.environ, reason=f"takes half an hour: set {EVERY}")
@each_case
def test_the_right_rows_or_an_error_of_the_source_whatever_is_changed(
    case: Case, tmp_path: Path
) -> None:
    tried, wrong = attempted(case, tmp_path, None)
    assert tried > 200
    assert not wrong, f"{len(wrong)} of {tried}:\n" + "\n".join(wrong)


def attempted(case: Case, folder: Path, sample: int | None) -> tuple[int, list[str]]:
    """How many changes were tried, and which of them gave other rows or another error."""
    declared = an_object(case.object, list(case.columns), schema=None)
    with a_site() as site:
        reading = Reading(case, site, a_loaded_policy(folder, lead=declared), folder)
        healthy = Mutating(case.made().app())
        expected = reading.rows(healthy)
        assert len(expected) == ROWS
        chosen = list(mutations(healthy.seen))
        if sample is not None:
            chosen = random.Random(SEED).sample(chosen, sample)
        found = (fault_of(reading, expected, mutation) for mutation in chosen)
        return len(chosen), [fault for fault in found if fault is not None]


def fault_of(reading: Reading, expected: list[dict[str, Any]], mutation: Mutation) -> str | None:
    try:
        rows = reading.rows(Mutating(reading.case.made().app(), mutation))
    except SourceError:
        return None
    except Exception as error:
        return f"{mutation}: {error!r}"
    differing = [
        (one, other)
        for old, new in zip(expected, rows, strict=False)
        for one, other in zip(old.values(), new.values(), strict=True)
        if one != other
    ]
    if len(rows) != ROWS or (differing and not is_a_value(mutation, reading.case)):
        return f"{mutation}: {len(rows)} rows, {len(differing)} other values"
    return None
