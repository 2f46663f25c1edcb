"""Files among the records and keys that are none: named at once, and never waited for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fairness_audit.errors import LedgerError, RecordError, SettingsError
from fairness_audit.files import read_plain
from fairness_audit.ledger.evidence import EvidenceStore
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.keys import load_trusted_keys, public_pem
from fairness_audit.ledger.verify import verify_record, verify_records
from fairness_audit.records.signed.audit import AuditRecord
from tests.builders.published import (
    MODEL,
    SIGNER,
    TRUSTED,
    a_loaded_policy,
    digest,
    published,
)

ODD: dict[str, tuple[Callable[[Path], None], str]] = {
    "a pipe": (os.mkfifo, "is no file"),
    "a device": (lambda place: place.symlink_to("/dev/zero"), "Too many levels of symbolic links"),
    "a link to a record": (
        lambda place: place.symlink_to(next(place.parent.rglob("*.json"))),
        "Too many levels of symbolic links",
    ),
    "a folder": (Path.mkdir, "Is a directory"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ODD)
def test_what_is_no_file_is_named_beside_the_records_that_hold(tmp_path: Path, name: str) -> None:
    published(a_loaded_policy(tmp_path), tmp_path)
    put, says = ODD[name]
    odd = tmp_path / "records" / "odd.json"
    put(odd)
    found = verify_records(tmp_path / "records", Heads(str(tmp_path / "heads")), TRUSTED)
    assert len(found.records) == 1
    (fault,) = (each for each in found.faults if "odd.json" in str(each))
    assert says in str(fault)
    with pytest.raises(RecordError, match=says):
        verify_record(odd, TRUSTED)


@pytest.mark.timeout(60)
def test_a_folder_that_is_linked_into_the_records_is_named(tmp_path: Path) -> None:
    """What lies behind it is nobody's record here, today or tomorrow."""
    published(a_loaded_policy(tmp_path), tmp_path)
    (tmp_path / "records" / "more").symlink_to(tmp_path / "records" / MODEL)
    found = verify_records(tmp_path / "records", Heads(str(tmp_path / "heads")), TRUSTED)
    assert [str(fault) for fault in found.faults] == [
        "more: edited: links to a folder (put that in its place)"
    ]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("where", ["heads/000000000009.json", "record", "evidence"])
def test_nor_is_anything_else_that_is_read_waited_for(
    tmp_path: Path, where: str, name: str
) -> None:
    loaded = a_loaded_policy(tmp_path)
    file = published(loaded, tmp_path).file
    record = verify_record(file, TRUSTED)
    put, _ = ODD[name]
    if where == "record":
        file.rename(file.with_name("aside.json"))
        put(file)
        with pytest.raises(RecordError, match="is not the record that is in the ledger"):
            published(loaded, tmp_path)
    elif where == "evidence":
        assert isinstance(record, AuditRecord)
        bound = record.model_copy(update={"evidence_digest": digest("any")})
        (tmp_path / "evidence").mkdir(exist_ok=True)
        (tmp_path / "evidence" / "other.json").write_bytes(b"{}")
        put(tmp_path / "evidence" / f"{digest('any')}.json")
        with pytest.raises(RecordError, match="cannot be read"):
            EvidenceStore(tmp_path / "evidence").read(bound)
    else:
        put(tmp_path / where)
        with pytest.raises(LedgerError, match="signed heads at"):
            Heads(str(tmp_path / "heads")).newest(TRUSTED)


@pytest.mark.timeout(60)
def test_nor_is_a_key_that_is_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "one.pem").write_bytes(public_pem(SIGNER.public_key))
    (tmp_path / "two.pem").symlink_to("one.pem")  # as Kubernetes mounts keys
    assert load_trusted_keys(tmp_path)
    os.mkfifo(tmp_path / "three.pem")
    with pytest.raises(SettingsError, match=r"three\.pem cannot be read: is no file"):
        load_trusted_keys(tmp_path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"12345")
    assert read_plain(file, most=5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_plain(file, most=4)


@pytest.mark.parametrize("which", ["the folder", "the file"])
def test_keys_that_everybody_may_write_are_trusted_by_nobody(tmp_path: Path, which: str) -> None:
    file = tmp_path / "keys" / "one.pem"
    file.parent.mkdir()
    file.write_bytes(public_pem(SIGNER.public_key))
    place = file if which == "the file" else file.parent
    assert load_trusted_keys(file.parent)
    place.chmod(place.stat().st_mode | 0o002)
    with pytest.raises(SettingsError, match=f"{place} may be written by everybody"):
        load_trusted_keys(file.parent)
    place.chmod(place.stat().st_mode & ~0o002)
    assert load_trusted_keys(file.parent)


def test_a_shared_folder_whose_files_are_safe_is_one(tmp_path: Path) -> None:
    """As Kubernetes mounts secrets: everybody may write, nobody what is another's."""
    file = tmp_path / "keys" / "one.pem"
    file.parent.mkdir()
    file.write_bytes(public_pem(SIGNER.public_key))
    file.parent.chmod(0o1777)
    assert load_trusted_keys(file.parent)
