"""Files among the records and keys that are none: named at once, and never waited for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fairness_audit.errors import RecordError, SettingsError
from fairness_audit.files import read_plain
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.keys import load_trusted_keys, public_pem
from fairness_audit.ledger.verify import verify_record, verify_records
from tests.builders.published import SIGNER, TRUSTED, a_loaded_policy, published

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
