"""The gate: one clear yes, and a reason for every no."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner

from fairness_audit.errors import LedgerError, RegistryError
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.policy.document import Document
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.signed.audit import AuditRecord, GateDecision, Rollback
from fairness_audit.records.signed.statement import Record
from fairness_audit.steps.gate import ReadOnce, apply, ask, decide, in_words
from fairness_audit.steps.gate.decision import governing
from tests.builders.domain import a_policy
from tests.builders.fakes import FakeRegistry
from tests.builders.published import (
    FAILED,
    LOGICAL_DATE,
    NOW,
    SIGNER,
    STANDS,
    STRANGER,
    TRUSTED,
    WAITS,
    a_finding,
    a_ledger,
    a_loaded_policy,
    a_record,
    a_review,
    an_approval,
    an_audit,
    an_audit_by_units,
    appended,
    digest,
    published,
)
from tests.builders.tampering import TABLE, tamper

WARN = {"registered_model": "lead_scoring", "alias": "champion", "valid_days": 35, "mode": "warn"}

FILES = digest("artifact 1")
NOWHERE = Path("/not/there")
ABSENT = "sqlite:////not/there"
SILENT = "postgresql://a@127.0.0.1:1/b"


def decision(
    *records: Record, mode: str = "enforce", approvals: int = 1, **changes: Any
) -> GateDecision:
    review = {"owner": "responsible-ai", "approvals": approvals}
    loaded = LoadedPolicy(
        policy=a_policy(gate=WARN | {"mode": mode}, review=review),
        digest=changes.pop("policy_digest", digest("policy")),
        document=Document(Path("policy.yaml"), {}, {}),
    )
    asked: dict[str, Any] = {
        "model_version": "1",
        "artifact_digest": digest("artifact 1"),
        "now": NOW,
    }
    return decide(loaded, records=records, **asked | changes)


# --- the pure decision ------------------------------------------------------------------------


def test_a_passing_record_allows() -> None:
    allowed = decision(a_record())
    assert allowed.decision == "allow"
    assert allowed.reasons == ("verdict pass, nothing against it",)
    assert (allowed.record_id, allowed.expires) == (a_record().record_id, a_record().expires)
    assert allowed.certain


def test_a_warning_that_policy_lets_through_allows() -> None:
    record = a_record(verdict="warn", findings=[a_finding("warn")])
    assert decision(record).decision == "allow"


def test_what_is_inconclusive_and_allowed_by_policy_allows() -> None:
    record = a_record(verdict="inconclusive", findings=[a_finding("inconclusive", "allow")])
    assert decision(record).reasons == ("verdict inconclusive, nothing against it",)


UNFIT: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"model": "offer_targeting"}, {}, "there is no audit record of lead_scoring version 1"),
    ({"model_version": "2"}, {}, "there is no audit record of lead_scoring version 1"),
    ({"registered_model": "other"}, {}, "the record is of the registered model other"),
    ({}, {"model_version": "1 "}, "there is no audit record of lead_scoring version 1 "),
    ({}, {"artifact_digest": digest("x")}, "the model's files are not those that were audited"),
    ({}, {"artifact_digest": ""}, "the model's files are not those that were audited"),
    ({}, {"policy_digest": digest("x")}, "the policy has changed since the audit"),
    ({}, {"now": NOW + timedelta(days=35)}, "the record expired on 2026-08-04 12:00 UTC"),
    ({"issued": NOW + timedelta(minutes=6)}, {}, "the record is issued in the future"),
    ({"findings": []}, {}, "the record has no findings"),
]


@pytest.mark.parametrize("mode", ["enforce", "warn"])
@pytest.mark.parametrize(("changes", "asked", "reason"), UNFIT)
def test_a_record_about_something_else_blocks_in_every_mode(
    changes: dict[str, Any], asked: dict[str, Any], reason: str, mode: str
) -> None:
    blocked = decision(a_record(**changes), mode=mode, **asked)
    assert blocked.decision == "block"
    assert [each for each in blocked.reasons if each.startswith(reason)]
    assert len(blocked.reasons) == 1


@pytest.mark.parametrize("mode", ["enforce", "warn"])
def test_no_record_blocks_in_every_mode(mode: str) -> None:
    blocked = decision(mode=mode)
    assert blocked.decision == "block"
    assert blocked.reasons == (
        "there is no audit record of lead_scoring version 1; audit it first",
    )
    assert blocked.certain


def test_clocks_may_be_five_minutes_apart() -> None:
    assert decision(a_record(issued=NOW + timedelta(minutes=5))).decision == "allow"


AGAINST: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"verdict": "fail", "findings": [FAILED]}, (f"four_fifths: {FAILED.sentence}",)),
    ({"verdict": "fail"}, ("the verdict is fail",)),
    ({"findings": [a_finding(), FAILED]}, (f"four_fifths: {FAILED.sentence}",)),
    (
        {"verdict": "inconclusive", "findings": [WAITS]},
        (f"waits for a review by responsible-ai: {WAITS.sentence}",),
    ),
    (
        {"verdict": "fail", "findings": [WAITS, FAILED]},
        (
            f"four_fifths: {FAILED.sentence}",
            f"waits for a review by responsible-ai: {WAITS.sentence}",
        ),
    ),
    (
        {"verdict": "fail", "findings": [WAITS]},
        ("the verdict is fail", f"waits for a review by responsible-ai: {WAITS.sentence}"),
    ),
]


@pytest.mark.parametrize(("changes", "reasons"), AGAINST)
def test_what_the_audit_found_blocks(changes: dict[str, Any], reasons: tuple[str, ...]) -> None:
    blocked = decision(a_record(**changes))
    assert (blocked.decision, blocked.reasons) == ("block", reasons)


@pytest.mark.parametrize(("changes", "reasons"), AGAINST)
def test_mode_warn_lets_it_through_and_says_so(
    changes: dict[str, Any], reasons: tuple[str, ...]
) -> None:
    allowed = decision(a_record(**changes), mode="warn")
    assert allowed.decision == "allow"
    assert allowed.reasons == tuple(f"not enforced (mode warn): {each}" for each in reasons)


def test_all_reasons_are_told_at_once() -> None:
    blocked = decision(a_record(verdict="fail", registered_model="x"), policy_digest=digest("x"))
    assert len(blocked.reasons) == 3


# --- what a version decided, and what it would decide -------------------------------------------


KINDS = [("decisions", "candidate", "by what it decided"),
         ("candidate", "decisions", "as a candidate")]  # fmt: skip


def after_weeks(*records: Record) -> GateDecision:
    return decision(*records, now=NOW + timedelta(weeks=2))


@pytest.mark.parametrize(("failed", "passed", "whence"), KINDS)
@pytest.mark.parametrize("weeks", [1, -1])
def test_what_failed_in_one_way_is_not_lifted_by_the_other(
    failed: str, passed: str, whence: str, weeks: int
) -> None:
    first = an_audit_by_units(audited=failed)
    other = an_audit_by_units(weeks, a_finding(), seq=2, audited=passed)
    blocked = after_weeks(first, other)
    said = f"four_fifths: {STANDS.sentence}"
    assert blocked.decision == "block"
    assert blocked.reasons == (
        said if weeks < 0 else f"{whence} (record {first.record_id[:12]}): {said}",
    )
    lifted = an_audit_by_units(2, a_finding(), seq=3, audited=failed)
    assert after_weeks(first, other, lifted).decision == "allow"


def test_two_people_waive_what_failed_in_the_other_way() -> None:
    first = an_audit_by_units(audited="candidate")
    other = an_audit_by_units(1, a_finding(), seq=2)
    waiver = a_review(first, seq=3)
    assert after_weeks(first, other, waiver).decision == "allow"
    for too_little in (
        a_review(first, seq=3, approvals=(an_approval("ada"),)),
        a_review(other, seq=3, findings=(STANDS.id,)),
    ):
        assert after_weeks(first, other, too_little).decision == "block"


def test_a_failure_that_was_waived_hides_none_that_nobody_knows_of() -> None:
    first = an_audit_by_units(audited="candidate")
    odd = an_audit_by_units(1, a_finding(), seq=2, verdict="fail")
    assert after_weeks(first, odd, a_review(first, seq=3)).reasons[0] == "the verdict is fail"


@pytest.mark.parametrize(
    "changes",
    [
        {"artifact_digest": digest("other files")},
        {"findings": (FAILED,), "basis": None},
        {"findings": (WAITS,), "verdict": "inconclusive"},
    ],
    ids=["other files", "before units were counted", "only open"],
)
def test_other_than_a_failure_of_these_files_by_units_holds_up_nothing(
    changes: dict[str, Any],
) -> None:
    candidate = an_audit_by_units(audited="candidate", **changes)
    assert after_weeks(candidate, an_audit_by_units(1, a_finding(), seq=2)).decision == "allow"


# --- asked through ledger, keys and registry --------------------------------------------------


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedPolicy:
    return a_loaded_policy(tmp_path)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return trusting(tmp_path / "trusted", SIGNER)


def trusting(folder: Path, *signers: CryptoSigner) -> Path:
    from fairness_audit.ledger.keys import public_pem

    folder.mkdir(exist_ok=True)
    for number, signer in enumerate(signers):
        (folder / f"{number}.pem").write_bytes(public_pem(signer.public_key))
    return folder


def registry(**versions: str) -> FakeRegistry:
    known = {"1": "artifact 1", "2": "artifact 2"} | versions
    return FakeRegistry({("lead_scoring", each): digest(what) for each, what in known.items()})


def asked(loaded: LoadedPolicy, folder: Path, version: str = "1", **changes: Any) -> GateDecision:
    ways: dict[str, Any] = {
        "ledger": a_ledger(folder),
        "registry": registry(),
        "trusted_keys": folder / "trusted",
        "now": NOW,
    }
    return ask(loaded, model_version=version, **ways | changes)


@pytest.mark.usefixtures("keys")
class TestAsk:
    """`ask` gathers and decides; whatever goes wrong on the way blocks."""

    def test_what_was_published_and_passed_is_allowed(
        self, loaded: LoadedPolicy, tmp_path: Path
    ) -> None:
        record = published(loaded, tmp_path)
        allowed = asked(loaded, tmp_path)
        assert (allowed.decision, allowed.record_id) == ("allow", record.record_id)

    def test_another_version_is_not(self, loaded: LoadedPolicy, tmp_path: Path) -> None:
        published(loaded, tmp_path)
        blocked = asked(loaded, tmp_path, "2")
        assert blocked.reasons[0].startswith("there is no audit record of lead_scoring version 2")

    def test_the_files_of_a_version_without_record_are_not_read(
        self, loaded: LoadedPolicy, tmp_path: Path
    ) -> None:
        """Asking costs nothing else, and anybody may ask: a model may have gigabytes."""
        published(loaded, tmp_path)
        files = registry()
        assert asked(loaded, tmp_path, "2", registry=files).decision == "block"
        assert files.read == []
        assert asked(loaded, tmp_path, "1", registry=files).decision == "allow"
        assert files.read == ["1"]

    def test_a_record_that_is_filed_elsewhere_is_named_without_reading_files(
        self, loaded: LoadedPolicy, tmp_path: Path
    ) -> None:
        published(loaded, tmp_path)
        tamper(f"sqlite:///{tmp_path / 'ledger.db'}", f"UPDATE {TABLE} SET model_version = '7'")
        files = registry()
        blocked = asked(loaded, tmp_path, registry=files)
        assert "ledger entry 1: re-filed" in blocked.reasons[0]
        assert files.read == []

    def test_a_version_that_is_published_while_it_is_asked_about_is_asked_again(
        self, loaded: LoadedPolicy, tmp_path: Path
    ) -> None:
        class JustBefore(Ledger):
            def has_audit(self, model: str, model_version: str) -> bool:
                there = super().has_audit(model, model_version)
                published(loaded, tmp_path, version="2")
                return there

        published(loaded, tmp_path)
        ledger = a_ledger(tmp_path)
        meanwhile = JustBefore(f"sqlite:///{tmp_path / 'ledger.db'}", ledger.heads)
        blocked = asked(loaded, tmp_path, "2", ledger=meanwhile)
        assert (blocked.decision, blocked.certain) == ("block", False)
        assert blocked.reasons[0].endswith("version 2 is audited now (ask again)")
        assert asked(loaded, tmp_path, "2").decision == "allow"

    def test_contents_are_read_once_for_two_questions(
        self, loaded: LoadedPolicy, tmp_path: Path
    ) -> None:
        published(loaded, tmp_path)
        files = registry()
        once = ReadOnce(files)
        for _ in range(2):
            assert asked(loaded, tmp_path, registry=once).decision == "allow"
        assert files.read == ["1"]

    def test_a_later_failure_governs(self, loaded: LoadedPolicy, tmp_path: Path) -> None:
        published(loaded, tmp_path)
        fails = Judgement(verdict=Verdict.FAIL, findings=(FAILED,))
        snapshot = an_audit(loaded)["snapshot"]
        later = snapshot.model_copy(update={"logical_date": LOGICAL_DATE + timedelta(days=1)})
        published(loaded, tmp_path, judgement=fails, snapshot=later)
        assert asked(loaded, tmp_path).decision == "block"

    def test_a_corrected_audit_of_the_same_day_governs(
        self, loaded: LoadedPolicy, tmp_path: Path
    ) -> None:
        fails = Judgement(verdict=Verdict.FAIL, findings=(FAILED,))
        published(loaded, tmp_path, judgement=fails)
        mended = an_audit(loaded)["snapshot"].model_copy(update={"digest": digest("mended")})
        published(loaded, tmp_path, snapshot=mended)
        assert asked(loaded, tmp_path).decision == "allow"

    def test_a_backfill_of_an_older_window_does_not_override(
        self, loaded: LoadedPolicy, tmp_path: Path
    ) -> None:
        fails = Judgement(verdict=Verdict.FAIL, findings=(FAILED,))
        published(loaded, tmp_path, judgement=fails)
        snapshot = an_audit(loaded)["snapshot"]
        older = snapshot.model_copy(update={"logical_date": LOGICAL_DATE - timedelta(days=28)})
        published(loaded, tmp_path, snapshot=older)
        assert asked(loaded, tmp_path).decision == "block"

    def test_a_changed_policy_blocks(self, loaded: LoadedPolicy, tmp_path: Path) -> None:
        published(loaded, tmp_path)
        changed = a_loaded_policy(tmp_path, min_group_size=31)
        assert asked(changed, tmp_path).reasons[0].startswith("the policy has changed")

    def test_overwritten_files_block(self, loaded: LoadedPolicy, tmp_path: Path) -> None:
        published(loaded, tmp_path)
        blocked = asked(loaded, tmp_path, registry=registry(**{"1": "overwritten"}))
        assert blocked.reasons[0].startswith("the model's files are not those")

    def test_a_stranger_s_record_blocks_for_certain(
        self, loaded: LoadedPolicy, tmp_path: Path
    ) -> None:
        published(loaded, tmp_path, STRANGER)
        blocked = asked(loaded, tmp_path)
        assert (blocked.decision, blocked.certain) == ("block", True)
        assert "which is not trusted" in blocked.reasons[0]

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"registry": FakeRegistry({})}, "RegistryError: no lead_scoring version 1"),
            (
                {"ledger": a_ledger(NOWHERE, "postgresql://a@127.0.0.1:1/b")},
                "LedgerError: the ledger",
            ),
            (
                {"ledger": a_ledger(NOWHERE, "sqlite:////not/there")},
                "LedgerAbsent: sqlite:////not/there",
            ),
            ({"ledger": Ledger("sqlite:////not/there")}, "LedgerError: the ledger has no place"),
            ({"trusted_keys": Path("/not/there")}, "SettingsError: FAIRNESS_AUDIT_TRUSTED_KEYS"),
            ({"registry": None}, "AttributeError: "),
        ],
    )
    def test_what_cannot_be_asked_blocks_and_is_not_certain(
        self, loaded: LoadedPolicy, tmp_path: Path, changes: dict[str, Any], reason: str
    ) -> None:
        published(loaded, tmp_path)
        blocked = asked(loaded, tmp_path, **changes)
        assert (blocked.decision, blocked.certain) == ("block", False)
        assert blocked.reasons[0].startswith(reason)
        assert blocked.record_id is None


def governs(ledger: Ledger, **changes: str) -> AuditRecord | None:
    version = {"model": "lead_scoring", "model_version": "1", "artifact_digest": FILES}
    records = verified_ledger(ledger, TRUSTED)
    audits = [record for record in records if isinstance(record, AuditRecord)]
    return governing(audits, **version | changes)


def test_a_failure_filed_under_another_version_is_found_out(tmp_path: Path) -> None:
    """Without it the older pass would be the newest record of version 1."""
    ledger = a_ledger(tmp_path)
    appended(ledger)
    later = {"logical_date": LOGICAL_DATE + timedelta(days=1)}
    appended(ledger, verdict="fail", findings=[FAILED], **later)
    assert governs(ledger) == a_record(
        seq=2, prev=digest(ledger.all()[0].envelope.decode()), verdict="fail",
        findings=[FAILED], **later,
    )  # fmt: skip
    tamper(
        f"sqlite:///{tmp_path / 'ledger.db'}",
        "UPDATE fairness_audit_ledger SET model_version = '2' WHERE seq = 2",
    )
    with pytest.raises(Exception, match="ledger entry 2: re-filed"):
        governs(ledger)


def test_a_later_record_of_other_files_does_not_govern(tmp_path: Path) -> None:
    """The version was deleted and made again: what was found in the old files is not about it."""
    ledger = a_ledger(tmp_path)
    appended(ledger)
    later = {"logical_date": LOGICAL_DATE + timedelta(days=1), "artifact_digest": digest("old")}
    appended(ledger, verdict="fail", findings=[FAILED], **later)
    governing_record = governs(ledger)
    assert governing_record is not None
    assert governing_record.seq == 1
    unknown = governs(ledger, artifact_digest=digest("never audited"))
    assert unknown is not None
    assert unknown.seq == 2


def test_a_version_without_record_has_none(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    with pytest.raises(LedgerError):
        governs(ledger)
    appended(ledger)
    assert governs(ledger, model_version="2") is None
    assert governs(ledger, model="offer_targeting") is None


# --- what follows from a decision -------------------------------------------------------------


def test_allow_moves_the_alias_once() -> None:
    aliases = registry()
    for _ in range(2):
        apply(decision(a_record()), a_policy(), aliases)
    assert aliases.promotions == [("lead_scoring", "1", "champion")]


def test_of_two_audits_that_move_the_alias_at_once_neither_fails() -> None:
    class Raced(FakeRegistry):
        """Another moves the alias first, and the registry refuses a second row for it."""

        def promote(self, model: str, version: str, alias: str) -> None:
            self.aliases[model, alias] = other
            raise RegistryError("UNIQUE constraint failed")

    raced, other = Raced(registry().digests), "1"
    apply(decision(a_record()), a_policy(), raced)
    assert raced.alias_target("lead_scoring", "champion") == "1"
    raced, other = Raced(registry().digests), "2"
    with pytest.raises(RegistryError, match="UNIQUE"):
        apply(decision(a_record()), a_policy(), raced)


def test_block_leaves_the_alias_where_it_is() -> None:
    aliases = registry()
    aliases.promote("lead_scoring", "2", "champion")
    apply(decision(), a_policy(), aliases)
    assert aliases.alias_target("lead_scoring", "champion") == "2"


def test_allow_moves_the_alias_to_an_older_version_only_where_a_person_asked_for_it() -> None:
    aliases = registry()
    aliases.promote("lead_scoring", "2", "champion")
    stays = apply(decision(a_record()), a_policy(), aliases).stays
    assert stays == "version 2 is in production, which is newer"
    assert aliases.alias_target("lead_scoring", "champion") == "2"
    wish = Rollback(by="ada", reason="Version 2 answers too slowly.")
    assert apply(decision(a_record(rollback=wish)), a_policy(), aliases).stays is None
    assert aliases.alias_target("lead_scoring", "champion") == "1"


def test_a_decision_about_another_model_moves_nothing() -> None:
    aliases = registry()
    with pytest.raises(ValueError, match="decision about lead_scoring"):
        apply(decision(a_record()), a_policy(model="offer_targeting"), aliases)
    assert aliases.promotions == []


def test_a_decision_in_words() -> None:
    assert in_words(decision(a_record())) == (
        "allow: lead_scoring version 1\n"
        "  - verdict pass, nothing against it\n"
        f"record {a_record().record_id[:12]}, valid until 2026-08-04 12:00 UTC"
    )
    assert in_words(decision()) == (
        "block: lead_scoring version 1\n"
        "  - there is no audit record of lead_scoring version 1; audit it first"
    )


def test_a_decision_as_json_reads_back() -> None:
    blocked = decision(a_record(verdict="fail"))
    assert GateDecision.model_validate_json(blocked.model_dump_json()) == blocked
