"""Weak or missing secrets are all told at once, and none is repeated."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fairness_audit.deploy.credentials import FERNET_KEY, TOKEN_SECRETS, check_credentials
from fairness_audit.errors import SettingsError

JWT, API = TOKEN_SECRETS
GOOD = {FERNET_KEY: Fernet.generate_key().decode(), JWT: "j" * 64, API: "a" * 64}


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    """A folder with one public key that records may be signed with."""
    (tmp_path / "1.pem").write_bytes(_pem(Ed25519PrivateKey.generate()))
    return tmp_path


def _pem(key: object) -> bytes:
    return key.public_key().public_bytes(  # type: ignore[attr-defined,no-any-return]
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )


def _faults(environment: dict[str, str], trusted: Path) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        check_credentials(environment, trusted)
    return str(raised.value).splitlines()


def test_good_secrets_are_accepted(trusted: Path) -> None:
    check_credentials(GOOD, trusted)


def test_two_fernet_keys_are_accepted_while_one_replaces_the_other(trusted: Path) -> None:
    both = ",".join(Fernet.generate_key().decode() for _ in range(2))
    check_credentials(GOOD | {FERNET_KEY: both}, trusted)


@pytest.mark.parametrize(
    "key",
    ["", "secret", "x" * 44, f"{GOOD[FERNET_KEY]},", "ünïcode"],
    ids=["empty", "short", "not base64 of 32 bytes", "nothing after the comma", "not ASCII"],
)
def test_what_is_no_fernet_key_is_told(trusted: Path, key: str) -> None:
    (fault,) = _faults(GOOD | {FERNET_KEY: key}, trusted)
    assert fault.startswith(f"{FERNET_KEY}: not a Fernet key")


def test_a_secret_one_byte_short_is_told_and_not_repeated(trusted: Path) -> None:
    (fault,) = _faults(GOOD | {JWT: "s" * 63}, trusted)
    assert fault.startswith(f"{JWT}: shorter than 64 bytes")
    assert "sss" not in fault


def test_the_same_secret_twice_is_told(trusted: Path) -> None:
    (fault,) = _faults(GOOD | {API: GOOD[JWT]}, trusted)
    assert "the same secret twice" in fault


def test_no_public_key_is_told(tmp_path: Path) -> None:
    (fault,) = _faults(GOOD, tmp_path)
    assert fault.startswith("FAIRNESS_AUDIT_TRUSTED_KEYS: no public key")


def test_a_key_of_another_kind_is_told(trusted: Path) -> None:
    (trusted / "2.pem").write_bytes(_pem(generate_private_key(SECP256R1())))
    (fault,) = _faults(GOOD, trusted)
    assert str(trusted / "2.pem") in fault


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    assert len(_faults({}, tmp_path)) == 5
