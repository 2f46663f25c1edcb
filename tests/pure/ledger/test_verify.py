"""Verification from files alone: every way of rewriting the past has a name."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from fairness_audit.errors import RecordError
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.verify import Verification, verify_record, verify_records
from fairness_audit.records.signed.chain import FaultKind
from fairness_audit.records.signed.dsse import SignedRecord, UntrustedRecord, sign, sign_head
from fairness_audit.records.signed.place import place_of
from tests.builders.published import LOGICAL_DATE, SIGNER, STRANGER, TRUSTED, a_chain, a_record


def written(folder: Path, chain: list[SignedRecord]) -> list[Path]:
    """The files of a chain, in its order, and their heads in a folder of their own."""
    heads = heads_of(folder)
    for signed in chain:
        if signed.record.seq > heads.length():
            heads.add(signed.record.seq, sign_head(signed, SIGNER))
    files = [folder / place_of(signed.record) for signed in chain]
    for file, signed in zip(files, chain, strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(signed.envelope)
    return files


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Five records of one chain."""
    return written(tmp_path, a_chain(5))


def heads_of(folder: Path) -> Heads:
    """The signed heads of the records in a folder."""
    return Heads(str(folder.parent / f"{folder.name}-heads"))


def verified(folder: Path) -> Verification:
    """Verify a folder of records and their heads."""
    return verify_records(folder, heads_of(folder), TRUSTED)


def found(folder: Path) -> list[tuple[FaultKind, str]]:
    """What is wrong, and at which record (file name without the folders)."""
    verification = verified(folder)
    assert verification.holds is not bool(verification.faults)
    return [(fault.kind, fault.place.rpartition("/")[2]) for fault in verification.faults]


def test_an_untouched_chain_holds(files: list[Path], tmp_path: Path) -> None:
    verification = verified(tmp_path)
    assert verification.holds
    assert [record.seq for record in verification.records] == [1, 2, 3, 4, 5]


def test_a_chain_over_models_and_versions_holds(tmp_path: Path) -> None:
    first, second = a_chain(2)
    other = a_record(seq=3, prev=second.digest, model="offer_targeting", model_version="../2")
    written(tmp_path, [first, second, sign(other, SIGNER)])
    assert found(tmp_path) == []


@pytest.mark.parametrize("number", range(5))
def test_an_edited_record_is_named_and_nothing_else(
    files: list[Path], tmp_path: Path, number: int
) -> None:
    content = files[number].read_bytes()
    files[number].write_bytes(content.replace(b'"sig":"', b'"sig":"AAAA'))
    assert found(tmp_path) == [(FaultKind.EDITED, files[number].name)]
    files[number].write_bytes(content[: len(content) // 2])
    assert found(tmp_path) == [(FaultKind.EDITED, files[number].name)]
    files[number].write_bytes(b"")
    assert found(tmp_path) == [(FaultKind.EDITED, files[number].name)]


@pytest.mark.parametrize("number", range(4))
def test_a_deleted_record_is_missing_before_the_next(
    files: list[Path], tmp_path: Path, number: int
) -> None:
    files[number].unlink()
    (fault,) = verified(tmp_path).faults
    assert (fault.kind, Path(fault.place).name) == (FaultKind.MISSING, files[number + 1].name)
    assert fault.says == f"record {number + 1}, which comes before this one, is not there"


def test_an_edited_record_does_not_hide_a_deleted_one(files: list[Path], tmp_path: Path) -> None:
    files[1].write_bytes(b"")
    files[2].unlink()
    assert found(tmp_path) == [
        (FaultKind.EDITED, files[1].name),
        (FaultKind.MISSING, files[3].name),
    ]


def test_swapped_records_are_named(files: list[Path], tmp_path: Path) -> None:
    first, second = files[1].read_bytes(), files[3].read_bytes()
    files[1].write_bytes(second)
    files[3].write_bytes(first)
    assert found(tmp_path) == [
        (FaultKind.SWAPPED, files[1].name),
        (FaultKind.SWAPPED, files[3].name),
    ]


def test_a_record_filed_under_another_version_is_named(files: list[Path], tmp_path: Path) -> None:
    elsewhere = tmp_path / "lead_scoring" / "2" / files[2].name
    elsewhere.parent.mkdir()
    files[2].rename(elsewhere)
    (fault,) = verified(tmp_path).faults
    assert fault.kind is FaultKind.REFILED
    assert str(fault) == (
        f"lead_scoring/2/{elsewhere.name}: re-filed: "
        f"it is the record of lead_scoring/1/{elsewhere.name}"
    )


def test_a_copy_under_another_model_is_named(files: list[Path], tmp_path: Path) -> None:
    copy = tmp_path / "offer_targeting" / "1" / files[2].name
    copy.parent.mkdir(parents=True)
    shutil.copy(files[2], copy)
    kinds = [kind for kind, _ in found(tmp_path)]
    assert kinds == [FaultKind.REFILED, FaultKind.FORKED]


def test_a_failure_overwritten_by_an_older_pass_is_named(
    files: list[Path], tmp_path: Path
) -> None:
    files[4].write_bytes(files[0].read_bytes())
    kinds = {kind for kind, _ in found(tmp_path)}
    assert kinds == {FaultKind.REFILED, FaultKind.FORKED, FaultKind.TRUNCATED}


def test_a_chain_rewritten_from_the_middle_is_unlinked(tmp_path: Path) -> None:
    """With the key, a record can be replaced; the next one gives it away."""
    chain = a_chain(3)
    second = chain[1].record.model_copy(update={"versions": {"forged": "1"}})
    written(tmp_path, [chain[0], sign(second, SIGNER), chain[2]])
    (fault,) = verified(tmp_path).faults
    assert fault.kind is FaultKind.UNLINKED
    assert fault.says == "record 3 does not follow record 2 as it is kept"


def test_a_first_record_that_follows_something_is_unlinked(tmp_path: Path) -> None:
    written(tmp_path, [sign(a_record(prev="0" * 64), SIGNER)])
    assert [kind for kind, _ in found(tmp_path)] == [FaultKind.UNLINKED]


def test_two_chains_in_one_folder_are_forked(files: list[Path], tmp_path: Path) -> None:
    other = a_record(logical_date=LOGICAL_DATE + timedelta(days=99))
    written(tmp_path, [sign(other, SIGNER)])
    kinds = {kind for kind, _ in found(tmp_path)}
    assert FaultKind.FORKED in kinds


def test_a_stranger_s_record_is_untrusted(files: list[Path], tmp_path: Path) -> None:
    stranger = a_record(seq=6, logical_date=LOGICAL_DATE + timedelta(days=6))
    (file,) = written(tmp_path, [sign(stranger, STRANGER)])
    assert found(tmp_path) == [(FaultKind.UNTRUSTED, file.name)]


def test_half_written_files_are_no_records(files: list[Path], tmp_path: Path) -> None:
    (files[0].parent / f".{files[0].name}.0.part").write_bytes(b"half")
    assert found(tmp_path) == []


def test_a_folder_without_records_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="there are no records"):
        verified(tmp_path)
    with pytest.raises(RecordError, match="there are no records"):
        verified(tmp_path / "absent")


def test_one_record_verifies_wherever_it_lies(files: list[Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    shutil.copy(files[2], copy)
    assert verify_record(copy, TRUSTED).seq == 3


def test_one_record_that_does_not_verify_is_named(files: list[Path], tmp_path: Path) -> None:
    files[0].write_bytes(b"edited")
    with pytest.raises(RecordError, match=f"{files[0].name}: not a DSSE envelope"):
        verify_record(files[0], TRUSTED)
    with pytest.raises(UntrustedRecord, match=f"{files[1].name}: signed with"):
        verify_record(files[1], (STRANGER.public_key,))
    with pytest.raises(RecordError, match=r"absent\.json: cannot be read: No such file"):
        verify_record(tmp_path / "absent.json", TRUSTED)
