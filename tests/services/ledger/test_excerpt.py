"""What is refused at once, and what is left to the verification of the whole ledger.

On both databases; the table of attacks is the one of the ledger, read from the question's side.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.errors import RecordError
from fairness_audit.ledger.checkpoint import NotVouched, vouched_for
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.records.signed.index import IndexRow
from fairness_audit.steps.gate import ask
from tests.builders.fakes import FakeRegistry
from tests.builders.published import (
    FAILED,
    LOGICAL_DATE,
    MODEL,
    NOW,
    TRUSTED,
    a_ledger,
    appended,
    digest,
)
from tests.builders.tampering import TABLE, tamper

OTHER = "offer_targeting"


@pytest.fixture
def ledger(address: str, tmp_path: Path, loaded: LoadedPolicy) -> Ledger:
    """Lead scoring failed, and passed when it was mended; between them, another model."""
    made = a_ledger(tmp_path, address)
    policy = {"policy_digest": loaded.digest}
    fails = {"verdict": "fail", "findings": [FAILED]}
    appended(made, model=OTHER, **fails, **day(0))
    appended(made, **fails, **policy, **day(1))
    appended(made, model=OTHER, model_version="2", **day(2))
    appended(made, model_version="2", artifact_digest=digest("artifact 2"), **policy, **day(3))
    appended(made, model=OTHER, model_version="3", **day(4))
    return made


def day(number: int) -> dict[str, Any]:
    return {"logical_date": LOGICAL_DATE + timedelta(days=number)}


def asked(loaded: LoadedPolicy, ledger: Ledger, version: str = "2") -> GateDecision:
    files = {(MODEL, each): digest(f"artifact {each}") for each in ("1", "2")}
    return ask(
        loaded,
        model_version=version,
        ledger=ledger,
        registry=FakeRegistry(files),
        trusted_keys=loaded.file.parents[2] / "keys" / "trusted",
        now=NOW,
    )


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose local time is not UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_both_databases_spell_the_index_as_heads_do(ledger: Ledger) -> None:
    head = ledger.heads.newest(TRUSTED)  # type: ignore[union-attr]
    assert head is not None
    for upto in (5, 99):
        excerpt = ledger.excerpt(MODEL, upto)
        assert excerpt.digest == head.index_digest
        assert [row.seq for row in excerpt.index] == [2, 4]
        assert excerpt.behind == ()
    records = verified_ledger(ledger, TRUSTED)
    assert excerpt.index == (IndexRow.of(records[1]), IndexRow.of(records[3]))
    assert excerpt.named == {2: records[2].prev, 4: records[4].prev}
    assert excerpt.hashed == excerpt.named
    assert ledger.excerpt(MODEL, 3).behind == tuple(ledger.all()[3:])
    assert ledger.excerpt(MODEL, 3).others == 2


def test_what_was_published_is_vouched_for(loaded: LoadedPolicy, ledger: Ledger) -> None:
    assert [row.seq for row in vouched_for(ledger, TRUSTED, MODEL).rows] == [2, 4]
    assert asked(loaded, ledger).decision == "allow"
    assert asked(loaded, ledger, "1").reasons[0].startswith("four_fifths: Women")
    assert asked(loaded, ledger, "3").reasons[0].startswith("there is no audit record")


ENVELOPE = f"(SELECT envelope FROM {TABLE} WHERE seq = {{}})"


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE {} SET envelope = '' WHERE seq = 2", "ledger entry 2: edited"),
        ("UPDATE {} SET envelope = '' WHERE seq = 4", "ledger entry 4: edited"),
        ("UPDATE {} SET envelope = '' WHERE seq = 5", "ledger entry 5: edited"),
        (f"UPDATE {{}} SET envelope = {ENVELOPE.format(1)} WHERE seq = 2", "entry 2: re-filed"),
        ("UPDATE {} SET model = 'offer_targeting' WHERE seq = 2", "entry 2: re-filed: .* model "),
        ("UPDATE {} SET model_version = '2' WHERE seq = 2", "entry 2: re-filed: .*model_version"),
        ("UPDATE {} SET model = 'lead_scoring' WHERE seq = 1", "entry 1: re-filed: .* model "),
        ("UPDATE {} SET verdict = 'pass' WHERE seq = 1", "entry 1: re-filed: .*verdict"),
        ("UPDATE {} SET kind = 'review' WHERE seq = 2", "entry 2: re-filed: .*kind"),
        ("UPDATE {} SET expires = issued WHERE seq = 3", "entry 3: re-filed: .*expires"),
        ("UPDATE {} SET prev = record_id WHERE seq = 3", "entry 3: re-filed: .*prev"),
        ("UPDATE {} SET seq = 9 WHERE seq = 5", "entry 9: re-filed: .*seq"),
        ("UPDATE {} SET seq = 0 WHERE seq = 1", "entry 0: re-filed: .*seq"),
        ("DELETE FROM {} WHERE seq = 1", "ledger entry 2: missing: record 1"),
        ("DELETE FROM {} WHERE seq = 2", "ledger entry 3: missing: record 2"),
        ("DELETE FROM {} WHERE seq = 5", "truncated: the ledger had 5 records, and 4 are there"),
        ("DELETE FROM {} WHERE seq > 2", "truncated: the ledger had 5 records, and 2 are there"),
    ],
)
def test_what_touches_the_model_the_columns_the_order_or_the_end_is_refused_at_once(
    loaded: LoadedPolicy, ledger: Ledger, address: str, statement: str, reason: str
) -> None:
    tamper(address, statement.format(TABLE))
    with pytest.raises((NotVouched, RecordError)):
        vouched_for(ledger, TRUSTED, MODEL)
    blocked = asked(loaded, ledger)
    assert (blocked.decision, blocked.certain) == ("block", True)
    with pytest.raises(RecordError, match=reason) as named:
        verified_ledger(ledger, TRUSTED)
    assert blocked.reasons == (f"RecordError: {named.value}",)


def test_a_row_without_a_number_is_refused(postgres_uri: str, tmp_path: Path) -> None:
    """No database of ours holds one; its owner can make it."""
    columns = ", ".join(each for each in (*IndexRow._fields, "envelope") if each != "seq")
    kept = a_ledger(tmp_path, postgres_uri)
    appended(kept, **day(0))
    tamper(
        postgres_uri,
        f"ALTER TABLE {TABLE} DROP CONSTRAINT {TABLE}_pkey",
        f"ALTER TABLE {TABLE} DROP CONSTRAINT {TABLE}_record_id_key",
        f"ALTER TABLE {TABLE} ALTER COLUMN seq DROP NOT NULL",
        f"INSERT INTO {TABLE} (seq, {columns}) SELECT NULL, {columns} FROM {TABLE}",
    )
    with pytest.raises(NotVouched, match="rows without a number"):
        vouched_for(kept, TRUSTED, MODEL)
    with pytest.raises(RecordError, match=r"re-filed: .*seq"):
        verified_ledger(kept, TRUSTED)


def test_an_edit_in_an_older_envelope_of_another_model_is_left_to_who_verifies_the_whole(
    loaded: LoadedPolicy,
    ledger: Ledger,
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And it stays so: no later head hides it, and the model that it is about is refused."""
    tamper(address, f"UPDATE {TABLE} SET envelope = '' WHERE seq = 3")
    assert asked(loaded, ledger).decision == "allow"
    with pytest.raises(NotVouched, match="an envelope of offer_targeting"):
        vouched_for(ledger, TRUSTED, OTHER)
    appended(ledger, model="case_routing", **day(5))
    assert asked(loaded, ledger).decision == "allow"
    with pytest.raises(RecordError, match="ledger entry 3: edited"):
        verified_ledger(ledger, TRUSTED)
    for name, value in (("STATE", str(tmp_path)), ("LEDGER", address)):
        monkeypatch.setenv(f"FAIRNESS_AUDIT_{name}", value)
    status = CliRunner().invoke(app, ["ledger", "status"])
    assert status.exit_code != 0
    assert "ledger entry 3: edited" in status.output


def test_what_is_appended_meanwhile_counts(loaded: LoadedPolicy, ledger: Ledger) -> None:
    later = {"artifact_digest": digest("artifact 2"), "policy_digest": loaded.digest} | day(9)
    appended(ledger, model_version="2", verdict="fail", findings=[FAILED], **later)
    assert asked(loaded, ledger).reasons[0].startswith("four_fifths: Women")
