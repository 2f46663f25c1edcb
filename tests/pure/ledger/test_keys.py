"""Key files: made once, readable by their owner alone, and nothing else is accepted."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from securesystemslib.signer import CryptoSigner

from fairness_audit.errors import SettingsError
from fairness_audit.ledger.keys import (
    create_keys,
    load_signer,
    load_subject_key,
    load_trusted_keys,
    public_pem,
)
from fairness_audit.settings import Settings
from tests.builders.key_files import settings_in

SIGNER = CryptoSigner.generate_ed25519()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def secret(file: Path, content: bytes, mode: int = 0o600) -> Path:
    file.write_bytes(content)
    file.chmod(mode)
    return file


def test_made_keys_sign_and_are_trusted(settings: Settings) -> None:
    create_keys(settings)
    (trusted,) = load_trusted_keys(settings.trusted_keys)
    assert load_signer(settings.signing_key).public_key == trusted
    assert len(load_subject_key(settings.subject_key)) == 32


def test_made_secrets_are_for_their_owner_alone(settings: Settings) -> None:
    before = os.umask(0)
    try:
        create_keys(settings)
    finally:
        os.umask(before)
    for file in (settings.signing_key, settings.subject_key):
        assert file.stat().st_mode & 0o777 == 0o600
    assert settings.signing_key.parent.stat().st_mode & 0o777 == 0o700


def test_keys_that_are_there_are_kept(settings: Settings) -> None:
    create_keys(settings)
    files = sorted(path for path in settings.signing_key.parent.rglob("*") if path.is_file())
    contents = [file.read_bytes() for file in files]
    create_keys(settings)
    assert [file.read_bytes() for file in files] == contents
    assert sorted(p for p in settings.signing_key.parent.rglob("*") if p.is_file()) == files


def test_after_a_rotation_both_keys_are_trusted(settings: Settings) -> None:
    create_keys(settings)
    settings.signing_key.unlink()
    create_keys(settings)
    trusted = load_trusted_keys(settings.trusted_keys)
    assert len(trusted) == 2
    assert load_signer(settings.signing_key).public_key in trusted


LOADERS = pytest.mark.parametrize(
    ("load", "variable", "content"),
    [
        (load_signer, "FAIRNESS_AUDIT_SIGNING_KEY", SIGNER.private_bytes),
        (load_subject_key, "FAIRNESS_AUDIT_SUBJECT_KEY", b"x" * 32),
    ],
)
Load = Callable[[Path], object]


@LOADERS
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_secret_others_can_touch_is_refused(
    tmp_path: Path, load: Load, variable: str, content: bytes, mode: int
) -> None:
    file = secret(tmp_path / "secret", content, mode)
    with pytest.raises(SettingsError, match=f"{variable}: .* mode {mode:o} .*chmod 600"):
        load(file)
    file.chmod(0o400)
    load(file)


@LOADERS
def test_a_missing_secret_is_named(
    tmp_path: Path, load: Load, variable: str, content: bytes
) -> None:
    with pytest.raises(SettingsError, match=f"{variable}: .*absent cannot be read: No such file"):
        load(tmp_path / "absent")
    with pytest.raises(SettingsError, match=f"{variable}: .* cannot be read: Is a directory"):
        load(tmp_path)


def encrypted() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no key",
        encrypted(),
        public_pem(SIGNER.public_key),
        CryptoSigner.generate_ecdsa().private_bytes,
    ],
)
def test_what_is_no_signing_key_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SettingsError, match="not an ed25519 private key in PEM without a"):
        load_signer(secret(tmp_path / "signing.pem", content))


def test_a_short_subject_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="fewer than 32 bytes"):
        load_subject_key(secret(tmp_path / "subject.key", b"x" * 31))


def test_no_trusted_key_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(SettingsError, match="no public key in"):
            load_trusted_keys(folder)


@pytest.mark.parametrize("content", [b"", b"no key", SIGNER.private_bytes])
def test_what_is_no_trusted_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pem").write_bytes(public_pem(SIGNER.public_key))
    (tmp_path / "b.pem").write_bytes(content)
    with pytest.raises(SettingsError, match=r"b\.pem: not an ed25519 public key"):
        load_trusted_keys(tmp_path)


def test_no_message_repeats_a_secret(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load_signer(secret(tmp_path / "signing.pem", b"canary-of-a-secret"))
    assert "canary" not in str(refused.value)
