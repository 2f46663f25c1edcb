"""What the ledger says of earlier audits: shares of the error budget, and comparable windows."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.signer import Key

from fairness_audit.errors import LedgerError, RecordError
from fairness_audit.ledger.history import history
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.finding import ErrorBudget, Judgement, Verdict
from fairness_audit.records.history import Audit, History, history_of, period_of
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.dsse import open_envelope, unverified_record
from fairness_audit.records.signed.statement import payload_of, record_of
from tests.builders.domain import a_rate
from tests.builders.judging import an_impact_ratio, judged
from tests.builders.published import (
    LOGICAL_DATE,
    MODEL,
    STRANGER,
    TRUSTED,
    a_ledger,
    a_loaded_policy,
    a_record,
    an_audit,
    appended,
    digest,
    published,
)
from tests.builders.tampering import tamper

YEAR = 365
GENDER = {"gender": {"provenance": "self_id", "reference_group": "M"}}


def on(days: float) -> datetime:
    """So many days after the first audit."""
    return LOGICAL_DATE + timedelta(days=days)


def a_past(*days: float, **changes: Any) -> list[AuditRecord]:
    """Records of these logical dates, in the order of the ledger; windows of 28 days."""
    return [
        a_record(
            seq=seq,
            prev=None if seq == 1 else digest("before"),
            logical_date=on(day),
            window_start=on(day - 88),
            window_end=on(day - 60),
            **changes,
        )
        for seq, day in enumerate(days, 1)
    ]


def an_audit_on(day: float, record_id: str = "new") -> Audit:
    return Audit(record_id, MODEL, on(day), on(day - 88))


def seen(day: float, past: Sequence[AuditRecord], record_id: str = "new") -> History:
    return history_of(an_audit_on(day, record_id), past, period_days=YEAR)


# --- which audit of which period ----------------------------------------------------------------


def test_the_first_audit_begins_the_first_period() -> None:
    assert seen(0, []) == History(logical_date=on(0), period_start=on(0))


def test_every_version_of_the_model_counts_and_no_other_model() -> None:
    past = a_past(0, 7, 14)
    past[1] = past[1].model_copy(update={"model": "offer_targeting"})
    past[2] = past[2].model_copy(update={"model_version": "2"})
    assert len(seen(21, past).spent) == 2


@pytest.mark.parametrize(
    ("day", "start", "earlier"),
    [(21, 0, 3), (364, 0, 3), (364.9, 0, 3), (365, 365, 0), (730, 730, 0), (-1, -365, 0)],
)
def test_a_period_is_half_open_from_the_first_record(day: float, start: int, earlier: int) -> None:
    found = seen(day, a_past(0, 7, 14))
    assert (found.period_start, len(found.spent)) == (on(start), earlier)


def test_a_late_audit_of_an_old_window_finds_the_shares_of_its_period_spent() -> None:
    """Whatever the logical dates, what was published earlier comes before."""
    assert len(seen(3, a_past(0, 7, 14)).spent) == 3
    assert len(seen(3, a_past(0, 400, 407)).spent) == 1
    assert len(seen(-7, a_past(0, 7, -14)).spent) == 1


def test_an_audit_that_is_published_keeps_its_place() -> None:
    past = a_past(0, 7, 14, 21)
    assert [len(seen(7 * k, past, each.record_id).spent) for k, each in enumerate(past)] == [
        0, 1, 2, 3,
    ]  # fmt: skip
    assert seen(0, past, past[0].record_id) == seen(0, [])


@given(st.lists(st.integers(-800, 800), min_size=1, max_size=30))
def test_no_two_audits_of_a_period_have_the_same_place(days: list[int]) -> None:
    """Published one after the other, in any order of logical dates, and asked again at the end."""
    past: list[AuditRecord] = []
    places = []
    for seq, day in enumerate(days, 1):
        new = a_record(seq=seq, logical_date=on(day), snapshot_digest=digest(str(seq)))
        audit = Audit(new.record_id, MODEL, on(day), new.window_start)
        period = period_of(audit, past, period_days=YEAR)
        places.append((period.start, len(period.earlier)))
        past.append(new)
    assert len(set(places)) == len(places)
    again = [
        period_of(
            Audit(r.record_id, MODEL, r.logical_date, r.window_start), past, period_days=YEAR
        )
        for r in past
    ]
    assert [(period.start, len(period.earlier)) for period in again] == places


def test_what_was_spent_is_read_from_the_records() -> None:
    first, second = a_past(0, 7)
    budget = ErrorBudget(audit=1, of=9, alpha="1/80", spent="1/80", period_start=on(0))
    told = first.model_copy(update={"error_budget": budget})
    assert seen(14, [told, second]).spent == (Fraction(1, 80), None)


# --- windows that can be compared ---------------------------------------------------------------


def test_comparable_windows_share_no_decision() -> None:
    """28 days of decisions audited weekly: from the newest backwards, every fourth."""
    weekly = a_past(*range(0, 7 * 20, 7))
    found = seen(7 * 20, weekly).comparable
    assert [record.logical_date for record in found] == [on(7 * k) for k in (0, 4, 8, 12, 16)]


def test_of_equal_windows_the_one_published_last_is_compared() -> None:
    past = a_past(0, 28, 28, 56)
    past[2] = past[2].model_copy(update={"model_version": "2"})
    assert [(r.seq, r.model_version) for r in seen(84, past).comparable] == [
        (1, "1"), (3, "2"), (4, "1"),
    ]  # fmt: skip


def test_a_published_audit_is_compared_with_those_before_it_again() -> None:
    """Else the same audit would find another drift when it is run again."""
    past = a_past(0, 28, 56, 84)
    assert seen(56, past, past[2].record_id) == seen(56, past[:2])


# --- the ledger ---------------------------------------------------------------------------------


def trusted() -> Sequence[Key]:
    return TRUSTED


def nobody() -> Sequence[Key]:
    raise AssertionError("there is nothing to verify")


def from_ledger(ledger: Ledger, keys: Callable[[], Sequence[Key]] = trusted) -> History:
    return history(ledger, keys, an_audit_on(28), period_days=YEAR)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return str(request.getfixturevalue("postgres_uri"))


@pytest.fixture
def ledger(address: str, tmp_path: Path) -> Ledger:
    return a_ledger(tmp_path, address)


def test_without_a_ledger_it_is_the_first_audit_and_none_is_made(ledger: Ledger) -> None:
    for _ in range(2):
        assert from_ledger(ledger, nobody) == seen(28, [])
    with pytest.raises(LedgerError, match="there is no ledger yet"):
        ledger.all()


def test_a_ledger_that_does_not_answer_is_no_first_audit(tmp_path: Path) -> None:
    broken = tmp_path / "ledger.db"
    broken.write_text("not a database, but long enough to be read as one" * 100)
    for address in ("postgresql://auditor@127.0.0.1:1/audits", f"sqlite:///{broken}"):
        with pytest.raises(LedgerError, match="cannot be used"):
            from_ledger(a_ledger(tmp_path, address))


def test_the_records_of_a_ledger_are_the_history(ledger: Ledger) -> None:
    for day in (0, 7):
        appended(ledger, logical_date=on(day))
    assert from_ledger(ledger).spent == (None, None)


def test_a_ledger_that_was_written_to_gives_no_history(tmp_path: Path) -> None:
    """An entry that was put in would use up the budget and let an unfair model through."""
    address = f"sqlite:///{tmp_path / 'ledger.db'}"
    appended(a_ledger(tmp_path, address))
    appended(Ledger(address), STRANGER, logical_date=on(7))
    with pytest.raises(RecordError, match="ledger entry 2: untrusted"):
        from_ledger(a_ledger(tmp_path, address))
    tamper(
        address,
        "DELETE FROM fairness_audit_ledger WHERE seq = 2",
        "UPDATE fairness_audit_ledger SET model = 'x'",
    )
    with pytest.raises(RecordError, match="ledger entry 1: re-filed"):
        from_ledger(a_ledger(tmp_path, address))


# --- audits, judged and published ---------------------------------------------------------------


class Schedule:
    """Audits of one model by gender, from the history in the ledger to the record in it.

    Half of 1000 men are selected each time, and of 1000 women as many as is said.
    """

    def __init__(self, folder: Path, address: str | None = None, **error_rate: Any) -> None:
        self.folder = folder
        self.address = address or f"sqlite:///{folder / 'ledger.db'}"
        self.loaded: LoadedPolicy = a_loaded_policy(
            folder, error_rate=error_rate, attributes=GENDER, intersections=[], strata=[]
        )
        self.ledger = a_ledger(folder, self.address)

    def parts(self, day: float, version: str) -> dict[str, Any]:
        audit = an_audit(self.loaded, version, self.folder / "run")
        start, end = self.loaded.policy.window(on(day))
        dates = {"logical_date": on(day), "window_start": start, "window_end": end}
        return audit | {"snapshot": audit["snapshot"].model_copy(update=dates)}

    def judged(self, day: float, version: str = "1", women: int = 480) -> Judgement:
        parts = self.parts(day, version)
        audit = Audit.of(
            parts["snapshot"], parts["population"], parts["measurements"], parts["artifact_digest"]
        )
        days = self.loaded.policy.error_rate.period_days
        found = [
            a_rate("selection_rate", "M", 500, 1000),
            an_impact_ratio("F", (women, 1000), (500, 1000)),
        ]
        return judged(
            self.loaded.policy,
            found,
            labelled=0,
            model_version=version,
            history=history(self.ledger, trusted, audit, period_days=days),
        )

    def published(self, day: float, judgement: Judgement, version: str = "1") -> AuditRecord:
        parts = self.parts(day, version) | {"judgement": judgement, "version": version}
        parts |= {"now": on(day) + timedelta(hours=1), "ledger_url": self.address}
        where = published(self.loaded, self.folder, **parts)
        record = open_envelope(where.file.read_bytes(), TRUSTED).record
        assert isinstance(record, AuditRecord)
        return record

    def record(self, day: float, version: str = "1", women: int = 480) -> AuditRecord:
        return self.published(day, self.judged(day, version, women), version)

    def audited(self, day: float, version: str = "1") -> ErrorBudget:
        budget = self.record(day, version).error_budget
        assert budget is not None
        return budget


def test_a_schedule_spends_its_budget_and_begins_anew(tmp_path: Path) -> None:
    schedule = Schedule(tmp_path, audits=3, period_days=28)
    given = [schedule.audited(7 * week) for week in range(5)]
    elevenths = [6, 3, 2, 0, 6]
    assert [each.alpha for each in given] == [Fraction(n, 11 * 20) for n in elevenths]
    assert [each.audit for each in given] == [1, 2, 3, 4, 1]
    assert [each.spent for each in given[2:]] == [Fraction(1, 20)] * 2 + [Fraction(6, 220)]
    assert [each.period_start for each in given] == [on(0)] * 4 + [on(28)]


def test_the_same_audit_again_spends_nothing_new(tmp_path: Path) -> None:
    schedule = Schedule(tmp_path, audits=3)
    given = [schedule.audited(7 * week) for week in range(3)]
    assert [schedule.audited(7 * week) for week in range(3)] == given
    assert len(schedule.ledger.all()) == 3


def test_a_candidate_and_a_backfill_take_the_next_share(tmp_path: Path) -> None:
    schedule = Schedule(tmp_path, audits=9)
    assert schedule.audited(14).audit == 1
    assert schedule.audited(14, version="2").audit == 2
    assert schedule.audited(21).audit == 3
    backfilled = schedule.audited(16)
    assert (backfilled.audit, backfilled.period_start) == (4, on(14))


def test_of_two_audits_judged_at_once_the_second_is_not_published(
    tmp_path: Path, address: str
) -> None:
    schedule = Schedule(tmp_path, address, audits=9)
    for day in (0, 7):  # also where there is no ledger yet
        ours, theirs = schedule.judged(day), schedule.judged(day, "2")
        assert ours.budget == theirs.budget
        schedule.published(day, ours)
        with pytest.raises(RecordError, match=r"both would spend share \d .* \(start a new run\)"):
            schedule.published(day, theirs, "2")
        after = schedule.audited(day, "2")
        assert ours.budget is not None
        assert after.audit == ours.budget.audit + 1
        assert schedule.published(day, ours).error_budget == ours.budget


def test_what_fails_early_in_a_period_is_in_doubt_late_in_it(tmp_path: Path) -> None:
    """398 of 1000 women against 500 of 1000 men: p is 4.5e-6; the shares are 6.7 and 3.3e-6."""
    schedule = Schedule(tmp_path, audits=2, alpha="1/100000")
    verdicts = [schedule.record(7 * week, women=398).verdict for week in range(3)]
    assert verdicts == [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE]
    last = unverified_record(schedule.ledger.all()[-1].envelope)
    assert [finding.rule for finding in last.obstacles] == ["error_budget", "four_fifths"]


def test_a_drift_is_told_from_the_records_of_the_ledger(tmp_path: Path) -> None:
    """Audited every two weeks over four: every second record is compared."""
    schedule = Schedule(tmp_path, audits=52)
    for audit in range(16):
        women = 540 if audit < 10 else 460
        record = schedule.record(14 * audit, version="1" if audit < 10 else "2", women=women)
    assert record.verdict is Verdict.WARN
    drift = record.findings[0]
    assert (drift.kind, drift.group) == ("drift", "F")
    assert f"changed with the audit of {on(14 * 11):%Y-%m-%d}" in drift.sentence
    assert "54.0 % in 5 audits of version 1, 46.0 % in 3 audits of version 2" in drift.sentence


def test_an_audit_that_gives_no_budget_is_published_without(tmp_path: Path) -> None:
    record = published(a_loaded_policy(tmp_path), tmp_path)
    assert open_envelope(record.file.read_bytes(), TRUSTED).record.error_budget is None


# --- in the record ------------------------------------------------------------------------------

BUDGET = ErrorBudget(audit=2, of=52, alpha="1/180", spent="1/60", period_start=on(0))


def test_the_record_says_what_was_spent() -> None:
    record = a_record(error_budget=BUDGET)
    payload = payload_of(record)
    assert (
        b'"errorBudget":{"alpha":"1/180","audit":2,"of":52,"periodStart":"2026-06-29T00:00:00Z",'
        b'"spent":"1/60"}'
    ) in payload
    assert record_of(payload) == record
    assert record.record_id == a_record().record_id


@pytest.mark.parametrize("written", ["2/360", "0.25", "1/0", "-1/180", "2", "x", ""])
def test_a_share_is_read_in_one_spelling_only(written: str) -> None:
    payload = payload_of(a_record(error_budget=BUDGET))
    with pytest.raises(RecordError):
        record_of(payload.replace(b'"1/180"', f'"{written}"'.encode()))


def test_a_share_is_as_long_as_it_must_be() -> None:
    """A thousand audits share a budget in fractions of more than four hundred digits."""
    long = Fraction(1, 3**900)
    record = a_record(error_budget=BUDGET.model_copy(update={"alpha": long}))
    assert record_of(payload_of(record)) == record


def test_the_start_of_a_period_is_kept_in_utc() -> None:
    tokyo = on(0).astimezone(timezone(timedelta(hours=9)))
    budget = ErrorBudget.model_validate(BUDGET.model_dump() | {"period_start": tokyo})
    assert budget.period_start.tzinfo is UTC
