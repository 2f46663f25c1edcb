"""Signed heads: a ledger whose end was cut off does not hold together any more."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from fairness_audit.errors import LedgerError, RecordError
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.ledger.verify import Verification, verify_records
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.signed.dsse import open_head, sign, sign_head
from tests.builders.published import (
    FAILED,
    LOGICAL_DATE,
    SIGNER,
    STRANGER,
    TRUSTED,
    a_chain,
    a_ledger,
    a_loaded_policy,
    a_record,
    an_audit,
    appended,
    published,
)

FAILS = Judgement(verdict=Verdict.FAIL, findings=(FAILED,))


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedPolicy:
    return a_loaded_policy(tmp_path)


def on_day(loaded: LoadedPolicy, folder: Path, day: int, **changes: object) -> Path:
    """Publish an audit of some day; gives its file."""
    snapshot = an_audit(loaded)["snapshot"]
    date = LOGICAL_DATE - timedelta(days=30 - day)
    moved = snapshot.model_copy(update={"logical_date": date})
    return published(loaded, folder, snapshot=moved, **changes).file


def verified(folder: Path) -> Verification:
    return verify_records(folder / "records", Heads(str(folder / "heads")), TRUSTED)


def faults(folder: Path) -> list[str]:
    return [str(fault.kind) for fault in verified(folder).faults]


class Shortened(Ledger):
    """A ledger whose owner dropped its newest entries; the chain that is left holds."""

    def __init__(self, ledger: Ledger, count: int) -> None:
        self._left = ledger.all()[:count]
        self.heads, self.witness, self.memory = ledger.heads, None, None

    def all(self) -> list[Entry]:
        return self._left


def test_a_failure_that_is_cut_off_is_a_rollback(loaded: LoadedPolicy, tmp_path: Path) -> None:
    """Gone from the files and from the ledger: what is left would let the version pass."""
    on_day(loaded, tmp_path, 1)
    on_day(loaded, tmp_path, 2, judgement=FAILS).unlink()
    assert faults(tmp_path) == ["truncated", "rolled back"]
    told = str(verified(tmp_path).faults[1])
    assert "lead_scoring version 1 is back at pass; its record 2, fail, is gone" in told
    with pytest.raises(RecordError, match="rolled back: lead_scoring version 1 is back at pass"):
        verified_ledger(Shortened(a_ledger(tmp_path), 1), TRUSTED)


def test_a_pass_that_is_cut_off_is_missed_too(loaded: LoadedPolicy, tmp_path: Path) -> None:
    on_day(loaded, tmp_path, 1)
    on_day(loaded, tmp_path, 2).unlink()
    assert faults(tmp_path) == ["truncated"]


def test_an_edited_end_is_no_truncation_and_hides_none(
    loaded: LoadedPolicy, tmp_path: Path
) -> None:
    files = [on_day(loaded, tmp_path, day) for day in (1, 2, 3)]
    files[2].write_bytes(b"edited")
    assert faults(tmp_path) == ["edited"]
    files[2].unlink()
    files[1].write_bytes(b"edited")
    assert faults(tmp_path) == ["edited", "truncated"]


def test_without_any_head_nobody_knows_how_long_it_was(
    loaded: LoadedPolicy, tmp_path: Path
) -> None:
    on_day(loaded, tmp_path, 1)
    shutil.rmtree(tmp_path / "heads")
    assert faults(tmp_path) == ["unheaded"]
    with pytest.raises(RecordError, match="unheaded: there is no signed head of 1 records"):
        verified_ledger(a_ledger(tmp_path), TRUSTED)


def test_a_record_without_its_head_was_being_published(
    loaded: LoadedPolicy, tmp_path: Path
) -> None:
    """Cut off between ledger and head: it holds, and the next run writes the head."""
    on_day(loaded, tmp_path, 1)
    on_day(loaded, tmp_path, 2)
    (tmp_path / "heads" / "000000000002.json").unlink()
    assert verified(tmp_path).holds
    assert len(verified_ledger(a_ledger(tmp_path), TRUSTED)) == 2
    on_day(loaded, tmp_path, 2)
    assert (tmp_path / "heads" / "000000000002.json").exists()


def test_the_head_of_another_ledger_is_found_out(loaded: LoadedPolicy, tmp_path: Path) -> None:
    on_day(loaded, tmp_path, 1)
    other = tmp_path / "other"
    other.mkdir()
    on_day(a_loaded_policy(other), other, 9)
    shutil.rmtree(tmp_path / "heads")
    shutil.copytree(other / "heads", tmp_path / "heads")
    assert faults(tmp_path) == ["unheaded"]
    with pytest.raises(RecordError, match="another record 1 than the signed head of it says"):
        verified_ledger(a_ledger(tmp_path), TRUSTED)


def test_a_head_by_a_stranger_is_refused(loaded: LoadedPolicy, tmp_path: Path) -> None:
    on_day(loaded, tmp_path, 1)
    forged = sign_head(a_chain(1)[0], STRANGER)
    (tmp_path / "heads" / "000000000001.json").write_bytes(forged)
    with pytest.raises(RecordError, match=r"000000000001\.json: signed with .* not trusted"):
        verified(tmp_path)


def test_a_head_under_another_number_is_refused(loaded: LoadedPolicy, tmp_path: Path) -> None:
    """Else an old head, copied to a high number, would make every ledger look cut off or whole."""
    on_day(loaded, tmp_path, 1)
    heads = tmp_path / "heads"
    shutil.copy(heads / "000000000001.json", heads / "000000000009.json")
    with pytest.raises(RecordError, match=r"000000000009\.json: is the head of record 1"):
        verified(tmp_path)


def test_a_record_is_no_head(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="not a signed head"):
        open_head(sign(a_record(), SIGNER).envelope, TRUSTED)


def test_nothing_is_appended_to_a_ledger_that_was_cut_off(
    loaded: LoadedPolicy, tmp_path: Path
) -> None:
    """Else the next record would take the place of the one that is gone."""
    on_day(loaded, tmp_path, 1)
    (tmp_path / "ledger.db").rename(tmp_path / "before.db")
    shutil.copy(tmp_path / "before.db", tmp_path / "ledger.db")
    on_day(loaded, tmp_path, 2, judgement=FAILS)
    shutil.copy(tmp_path / "before.db", tmp_path / "ledger.db")
    with pytest.raises(RecordError, match=r"has 1 records, and its signed heads at .* say 2"):
        on_day(loaded, tmp_path, 3)
    assert len(a_ledger(tmp_path).all()) == 1


def test_two_ledgers_do_not_share_a_place(tmp_path: Path) -> None:
    heads = Heads(str(tmp_path / "heads"))
    first, second = a_chain(1)[0], sign(a_record(verdict="fail"), SIGNER)
    heads.add(1, sign_head(first, SIGNER))
    heads.add(1, sign_head(first, SIGNER))  # again: nothing new
    with pytest.raises(LedgerError, match="is the head of another ledger"):
        heads.add(1, sign_head(second, SIGNER))


@pytest.mark.parametrize("as_address", [False, True])
def test_heads_are_kept_in_a_folder_or_an_object_store(tmp_path: Path, as_address: bool) -> None:
    folder = tmp_path / "heads"
    folder.mkdir()
    place = folder.as_uri() if as_address else str(folder)
    heads = Heads(place)
    assert (heads.newest(TRUSTED), heads.length()) == (None, 0)
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", heads)
    for day in range(3):
        appended(ledger, logical_date=LOGICAL_DATE + timedelta(days=day))
    assert [head.seq for head in heads.all(TRUSTED)] == [3, 2, 1]
    assert heads.length() == 3
    assert len(verified_ledger(ledger, TRUSTED)) == 3
    (folder / "README.md").write_text("not a head")
    assert heads.length() == 3


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "heads").write_text("a file, not a folder")
    with pytest.raises(LedgerError, match=r"the signed heads at .* cannot be used"):
        Heads(str(tmp_path / "heads" / "deeper")).add(1, b"x")
