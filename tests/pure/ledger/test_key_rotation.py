"""Replacing the signing key: old records count, the old key signs no new one, nothing is stuck."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.errors import LedgerError, RecordError, SettingsError
from fairness_audit.files import write_bytes
from fairness_audit.installation import Installation
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.keys import (
    PublishingKey,
    create_keys,
    load_signer,
    load_trusted_keys,
    public_pem,
    replace_signing_key,
)
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.ledger.verify import verify_records
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.settings import Settings
from tests.builders.published import LOGICAL_DATE, a_loaded_policy, an_audit, appended, published


def day(number: int) -> dict[str, Any]:
    return {"logical_date": LOGICAL_DATE + timedelta(hours=number)}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with keys and a ledger of one record."""
    monkeypatch.setenv("FAIRNESS_AUDIT_STATE", str(tmp_path))
    made = Settings.from_environment()
    create_keys(made)
    publish(made, a_loaded_policy(tmp_path))
    return made


def publish(settings: Settings, loaded: LoadedPolicy, number: int = 0, **changes: Any) -> None:
    snapshot = an_audit(loaded)["snapshot"].model_copy(update=day(number))
    signer = changes.pop("signer", PublishingKey(settings))
    trusted = partial(load_trusted_keys, settings.trusted_keys)
    published(loaded, settings.state, signer, snapshot=snapshot, trusted=trusted, **changes)


def rotate() -> str:
    result = CliRunner().invoke(app, ["ledger", "rotate-key"])
    assert result.exit_code == 0, result.output
    return result.output


def records_of(settings: Settings) -> int:
    """How many records there are; in the ledger, and as files, all genuine."""
    trusted = load_trusted_keys(settings.trusted_keys)
    verification = verify_records(settings.records, Heads(settings.heads), trusted)
    assert verification.faults == ()
    records = Installation(settings).records()
    assert len(verification.records) == len(records)
    return len(verification.records)


def test_a_replaced_key_keeps_its_records_and_signs_no_new_one(
    settings: Settings, tmp_path: Path
) -> None:
    old = load_signer(settings.signing_key)
    assert "the old key counts up to record 1" in rotate()
    assert load_signer(settings.signing_key).public_key.keyid != old.public_key.keyid
    assert settings.signing_key.stat().st_mode & 0o077 == 0
    publish(settings, a_loaded_policy(tmp_path), 1)
    assert records_of(settings) == 2

    # Somebody stole the old key, and may append.
    appended(Ledger(settings.ledger_url), old, **day(3))
    with pytest.raises(RecordError, match="record 3 is signed with a key that was replaced"):
        verified_ledger(Installation(settings).ledger, load_trusted_keys(settings.trusted_keys))


def test_a_head_by_a_stolen_old_key_is_no_head(settings: Settings) -> None:
    """Nor can the thief shorten or lengthen what the heads say."""
    from fairness_audit.records.signed.dsse import sign, sign_head
    from tests.builders.published import a_record, digest

    old = load_signer(settings.signing_key)
    rotate()
    forged = sign(a_record(seq=2, prev=digest("x")), old)
    Heads(settings.heads).add(2, sign_head(forged, old))
    with pytest.raises(RecordError, match="record 2 is signed with a key that was replaced"):
        verified_ledger(Installation(settings).ledger, load_trusted_keys(settings.trusted_keys))


def test_a_publisher_that_began_before_signs_with_the_new_key(
    settings: Settings, tmp_path: Path
) -> None:
    began = PublishingKey(settings)
    assert began.public_key is not None
    rotate()
    publish(settings, a_loaded_policy(tmp_path), 1, signer=began)
    assert records_of(settings) == 2


def test_publishing_the_same_audit_after_a_rotation_changes_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    """The head that is there was signed with the old key, and says the same."""
    kept = {file: file.read_bytes() for file in Path(settings.heads).iterdir()}
    rotate()
    publish(settings, a_loaded_policy(tmp_path))
    assert records_of(settings) == 1
    assert {file: file.read_bytes() for file in Path(settings.heads).iterdir()} == kept


def test_a_key_that_nobody_trusts_appends_nothing(settings: Settings, tmp_path: Path) -> None:
    """What nobody believes could never be taken out of an append-only ledger again."""
    for file in settings.trusted_keys.glob("*.pem"):
        file.unlink()
    stranger = CryptoSigner.generate_ed25519()
    (settings.trusted_keys / "other.pem").write_bytes(public_pem(stranger.public_key))
    with pytest.raises(SettingsError, match="is not trusted: its public half is not in"):
        publish(settings, a_loaded_policy(tmp_path), 1)
    assert len(Installation(settings).ledger.all()) == 1


def test_cut_off_in_the_middle_it_is_run_again(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old key is marked, and the new one not yet in use: nothing is signed until it is."""

    def cut_off(path: Path) -> Any:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("fairness_audit.ledger.keys.written_whole", cut_off)
        with pytest.raises(OSError, match="No space left"):
            replace_signing_key(settings, 1)
    loaded = a_loaded_policy(tmp_path)
    with pytest.raises(RecordError, match="run fairness-audit ledger rotate-key again"):
        publish(settings, loaded, 1)
    assert len(Installation(settings).ledger.all()) == 1
    rotate()
    publish(settings, loaded, 1)
    assert records_of(settings) == 2


def test_keys_may_overlap(settings: Settings, tmp_path: Path) -> None:
    """While two publishers change over, both keys are trusted."""
    other = CryptoSigner.generate_ed25519()
    write_bytes(settings.trusted_keys / "other.pem", public_pem(other.public_key))
    loaded = a_loaded_policy(tmp_path)
    publish(settings, loaded, 1, signer=other)
    publish(settings, loaded, 2)
    assert records_of(settings) == 3


def test_a_ledger_in_doubt_keeps_its_key(settings: Settings) -> None:
    """The number of its last record is not known."""
    before = settings.signing_key.read_bytes()
    (settings.state / "ledger.db").unlink()
    result = CliRunner().invoke(app, ["ledger", "rotate-key"])
    assert result.exit_code == LedgerError.exit_code
    assert "there is no ledger yet" in result.output
    assert settings.signing_key.read_bytes() == before
