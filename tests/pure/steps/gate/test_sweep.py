"""The nightly sweep: what is in production and may not be is taken out or reported."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.ledger.keys import public_pem
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.steps.gate.sweep import Swept, sweep
from fairness_audit.steps.gate.unread import Nights
from tests.builders.fakes import FakeRegistry
from tests.builders.published import (
    FAILED,
    LOGICAL_DATE,
    NOW,
    SIGNER,
    a_ledger,
    a_loaded_policy,
    an_audit,
    digest,
    published,
)
from tests.builders.tampering import tamper

GATE = {"registered_model": "lead_scoring", "alias": "champion", "valid_days": 35}
FAILS = Judgement(verdict=Verdict.FAIL, findings=(FAILED,))


class Production:
    """Version 1 passed and is in production; then something happens."""

    def __init__(self, folder: Path, action: str = "demote") -> None:
        self.folder = folder
        self.loaded = a_loaded_policy(folder, gate=GATE | {"sweep": action})
        self.registry = FakeRegistry({("lead_scoring", "1"): digest("artifact 1")})
        (folder / "trusted").mkdir()
        (folder / "trusted" / "key.pem").write_bytes(public_pem(SIGNER.public_key))
        published(self.loaded, folder)
        self.registry.promote("lead_scoring", "1", "champion")

    def swept(self, **changes: Any) -> list[Swept]:
        given: dict[str, Any] = {
            "ledger": a_ledger(self.folder),
            "registry": self.registry,
            "trusted_keys": self.folder / "trusted",
            "now": NOW,
        }
        given |= changes
        nights = Nights(self.folder / "unread.json", given["now"].date(), 3)
        return list(sweep(self.loaded, nights=nights, **given))

    @property
    def champion(self) -> str | None:
        return self.registry.alias_target("lead_scoring", "champion")


@pytest.fixture
def production(tmp_path: Path) -> Production:
    return Production(tmp_path)


def test_what_passed_stays(production: Production) -> None:
    (swept,) = production.swept()
    assert (swept.done, production.champion) == ("nothing", "1")
    assert swept.sentence == "lead_scoring version 1 may stay in production"


def test_without_anything_in_production_there_is_nothing_to_do(production: Production) -> None:
    production.registry.demote("lead_scoring", "1", "champion")
    assert production.swept() == []


def test_what_another_usual_alias_names_is_in_production_too(production: Production) -> None:
    """It may have come there before the name was guarded, or by the registry's database."""
    registry = production.registry
    registry.digests["lead_scoring", "2"] = digest("artifact 2")
    registry.promote("lead_scoring", "2", "live")
    assert [each.done for each in production.swept()] == ["nothing"]
    swept = production.swept(aliases=("champion", "live"))
    assert [(each.decision.model_version, each.done) for each in swept] == [
        ("1", "nothing"),
        ("2", "demoted"),
    ]
    assert registry.alias_target("lead_scoring", "live") is None


def overwritten(production: Production) -> None:
    production.registry.digests["lead_scoring", "1"] = digest("overwritten")


def later_snapshot(production: Production, hours: int) -> Snapshot:
    snapshot: Snapshot = an_audit(production.loaded)["snapshot"]
    return snapshot.model_copy(update={"logical_date": LOGICAL_DATE + timedelta(hours=hours)})


def failed_later(production: Production) -> None:
    later = later_snapshot(production, hours=24)
    other = FAILED.model_copy(update={"group": "X", "sentence": FAILED.sentence})
    judged = Judgement(verdict=Verdict.FAIL, findings=(FAILED, other))
    published(production.loaded, production.folder, judgement=judged, snapshot=later)


def never_audited(production: Production) -> None:
    production.registry.digests["lead_scoring", "2"] = digest("artifact 2")
    production.registry.promote("lead_scoring", "2", "champion")


def other_policy(production: Production) -> None:
    gate = GATE | {"sweep": production.loaded.policy.gate.sweep}
    production.loaded = a_loaded_policy(production.folder, gate=gate, min_group_size=31)


def truncated(production: Production) -> None:
    failed_later(production)
    address = f"sqlite:///{production.folder / 'ledger.db'}"
    tamper(address, "DELETE FROM fairness_audit_ledger WHERE seq = 2")


HAPPENINGS = [
    (overwritten, "the model's files are not those that were audited"),
    (failed_later, "four_fifths: Women are selected"),
    (never_audited, "there is no audit record of lead_scoring version 2"),
    (other_policy, "the policy has changed since the audit"),
    (
        truncated,
        "rolled back: lead_scoring version 1 is back at pass; its record 2, fail",
    ),
]


@pytest.mark.parametrize(("happens", "reason"), HAPPENINGS)
def test_what_may_not_be_there_is_taken_out(
    production: Production, happens: Any, reason: str
) -> None:
    happens(production)
    (swept,) = production.swept()
    assert (swept.done, production.champion) == ("demoted", None)
    assert reason in swept.sentence
    assert "was taken out of production" in swept.sentence


@pytest.mark.parametrize(("happens", "reason"), HAPPENINGS)
def test_or_only_reported_where_policy_says_alarm(
    tmp_path: Path, happens: Any, reason: str
) -> None:
    production = Production(tmp_path, "alarm")
    happens(production)
    before = production.champion
    (swept,) = production.swept()
    assert (swept.done, production.champion) == ("alarm", before)
    assert f"is in production: {reason}" in swept.sentence or reason in swept.sentence


@pytest.mark.parametrize(
    "happens", [None, overwritten, failed_later, never_audited, other_policy, truncated]
)
def test_what_stands_is_the_same_every_night_until_something_happens(
    tmp_path: Path, happens: Any
) -> None:
    production = Production(tmp_path, "alarm")
    failure = {"judgement": FAILS, "snapshot": later_snapshot(production, hours=6)}
    published(production.loaded, production.folder, **failure)
    nights = [production.swept(now=NOW + timedelta(days=day))[0] for day in range(3)]
    assert len({each.stands for each in nights}) == 1
    if happens is None:  # the same failure, found again, in other words
        again = FAILED.model_copy(update={"sentence": "Now 0.7 times."})
        judged = Judgement(verdict=Verdict.FAIL, findings=(again,))
        snapshot = later_snapshot(production, hours=12)
        published(production.loaded, production.folder, judgement=judged, snapshot=snapshot)
        assert production.swept()[0].stands == nights[0].stands
        assert production.swept(now=NOW + timedelta(days=50))[0].stands != nights[0].stands
    else:
        happens(production)
        assert production.swept()[-1].stands != nights[0].stands


def test_an_expired_record_takes_out(production: Production) -> None:
    (swept,) = production.swept(now=NOW + timedelta(days=36))
    assert (swept.done, production.champion) == ("demoted", None)
    assert "the record expired on 2026-08-04 12:00 UTC" in swept.sentence


def test_a_service_that_does_not_answer_takes_nothing_out(production: Production) -> None:
    silent = a_ledger(production.folder, "postgresql://a@127.0.0.1:1/b")
    (swept,) = production.swept(ledger=silent)
    assert (swept.done, swept.decision.certain, production.champion) == ("alarm", False, "1")


def unreadable(production: Production) -> None:
    """As where a folder in it leads elsewhere, or the store has lost it."""
    del production.registry.digests["lead_scoring", "1"]


def test_content_that_cannot_be_read_for_some_nights_is_a_no(production: Production) -> None:
    unreadable(production)
    for night in range(3):
        for _ in range(2):  # a task that failed is tried again
            (swept,) = production.swept(now=NOW + timedelta(days=night))
            is_third = night == 2
            assert swept.decision.certain is is_third
            if is_third:
                break
            assert (swept.done, production.champion) == ("alarm", "1")
    assert (swept.done, production.champion) == ("demoted", None)
    assert "its content could not be read on 3 nights, so nobody knows" in swept.sentence
    assert "no lead_scoring version 1" in swept.sentence


def test_a_night_on_which_it_is_read_begins_anew(production: Production) -> None:
    content = dict(production.registry.digests)
    for night in range(7):
        production.registry.digests = {} if night % 3 else content
        (swept,) = production.swept(now=NOW + timedelta(days=night))
        assert swept.done == ("alarm" if night % 3 else "nothing")
    assert production.champion == "1"


def test_a_ledger_that_is_away_is_no_such_night(production: Production) -> None:
    silent = a_ledger(production.folder, "postgresql://a@127.0.0.1:1/b")
    for night in range(5):
        (swept,) = production.swept(ledger=silent, now=NOW + timedelta(days=night))
        assert not swept.decision.certain
    assert production.champion == "1"


def test_what_cannot_be_read_stands_as_it_stood(tmp_path: Path) -> None:
    production = Production(tmp_path, "alarm")
    unreadable(production)
    nights = [production.swept(now=NOW + timedelta(days=night))[0] for night in range(5)]
    assert [each.decision.certain for each in nights] == [False, False, True, True, True]
    assert len({each.stands for each in nights[2:]}) == 1
