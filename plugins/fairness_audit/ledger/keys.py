"""Key files: who may sign records, whose signature counts, and what keys the pseudonyms.

Private keys are readable by their owner alone, or they are refused. A public key that was
replaced has a file beside it, ``<name>.last``, with the number of the last record it signed.
"""

import errno
import os
import secrets
import stat
from pathlib import Path
from uuid import uuid4

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import (
    CryptoSigner,
    Key,
    SecretsHandler,
    Signature,
    Signer,
    SSlibKey,
)

from fairness_audit.errors import SettingsError
from fairness_audit.files import write_bytes, written_whole
from fairness_audit.records.signed.dsse import LAST_SEQ
from fairness_audit.settings import Settings

SUBJECT_KEY_BYTES = 32
_LAST = ".last"
_LONGEST_NUMBER = 18
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_signer(file: Path) -> CryptoSigner:
    """The ed25519 private key that signs records.

    Raises:
        SettingsError: when it is missing, readable by others, or not such a key.
    """
    content = _secret(file, "FAIRNESS_AUDIT_SIGNING_KEY")
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _not_a_key(file, "private") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _not_a_key(file, "private")
    return CryptoSigner(key)


class PublishingKey(Signer):
    """The signing key of an installation, read anew for each signature.

    A publisher that began before the key was replaced so signs with the new one. The public key
    is the trusted one, with the number of the last record it may sign.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @classmethod
    def from_priv_key_uri(
        cls, priv_key_uri: str, public_key: Key, secrets_handler: SecretsHandler | None = None
    ) -> "PublishingKey":
        """Not offered: the settings name the key."""
        raise NotImplementedError

    @property
    def public_key(self) -> Key:
        """The trusted key that the private one belongs to.

        Raises:
            SettingsError: when it is not trusted: nobody would believe what it signs.
        """
        signs = load_signer(self._settings.signing_key).public_key.keyid
        for key in load_trusted_keys(self._settings.trusted_keys):
            if key.keyid == signs:
                return key
        raise SettingsError(
            f"FAIRNESS_AUDIT_SIGNING_KEY: {self._settings.signing_key} is not trusted: its public"
            f" half is not in {self._settings.trusted_keys} (put it there, and tell who verifies)"
        )

    def sign(self, payload: bytes) -> Signature:
        """Sign with the key that is there now."""
        return load_signer(self._settings.signing_key).sign(payload)


def load_trusted_keys(folder: Path) -> tuple[Key, ...]:
    """The public keys a record may be signed with; old ones stay, to verify old records.

    Raises:
        SettingsError: when there is none, everybody may add or change one, or a file is not an
            ed25519 public key.
    """
    files = sorted(folder.glob("*.pem"))
    for place in (folder, *files):
        _refuse_writable(place)
    keys = tuple(_public_key(file) for file in files)
    if not keys:
        raise SettingsError(
            f"FAIRNESS_AUDIT_TRUSTED_KEYS: no public key in {folder}"
            " (put the *.pem files there that records may be signed with)"
        )
    return keys


def _refuse_writable(place: Path) -> None:
    """Whoever may put a key there may sign what is believed. A sticky folder keeps files safe."""
    if not place.exists():
        return
    mode = place.stat().st_mode
    if mode & stat.S_IWOTH and not (place.is_dir() and mode & stat.S_ISVTX):
        raise SettingsError(
            f"FAIRNESS_AUDIT_TRUSTED_KEYS: {place} may be written by everybody (chmod o-w {place})"
        )


def load_subject_key(file: Path) -> bytes:
    """The secret that keys the pseudonyms of subjects.

    Raises:
        SettingsError: when it is missing, readable by others, or shorter than 32 bytes.
    """
    content = _secret(file, "FAIRNESS_AUDIT_SUBJECT_KEY")
    if len(content) < SUBJECT_KEY_BYTES:
        raise SettingsError(
            f"FAIRNESS_AUDIT_SUBJECT_KEY: {file} holds fewer than {SUBJECT_KEY_BYTES} bytes"
            f" (make one: openssl rand -out {file.name} {SUBJECT_KEY_BYTES})"
        )
    return content


def create_keys(settings: Settings) -> None:
    """Make what is missing: a signing key, its public half as a trusted key, a subject key.

    Keys that are there are kept, so this is safe to call at every start, and twice at once.
    """
    _write_once(settings.signing_key, CryptoSigner.generate_ed25519().private_bytes)
    _write_once(settings.subject_key, secrets.token_bytes(SUBJECT_KEY_BYTES))
    public = load_signer(settings.signing_key).public_key
    settings.trusted_keys.mkdir(parents=True, exist_ok=True)
    trusted = {_public_key(file).keyid for file in settings.trusted_keys.glob("*.pem")}
    if public.keyid not in trusted:
        write_bytes(settings.trusted_keys / f"{public.keyid[:16]}.pem", public_pem(public))


def replace_signing_key(settings: Settings, last_seq: int) -> str:
    """Make a new signing key; the one before signs nothing after record ``last_seq``.

    Old records keep their signatures and stay verifiable. A kill leaves either a key that is
    trusted, or one that signs nothing until this was run again: never one that signs what
    nobody believes, or one that was replaced and still counts.

    Returns:
        The id of the new key.

    Raises:
        SettingsError: when there is no signing key to replace.
    """
    old = load_signer(settings.signing_key).public_key
    new = CryptoSigner.generate_ed25519()
    write_bytes(
        settings.trusted_keys / f"{new.public_key.keyid[:16]}.pem", public_pem(new.public_key)
    )
    for file in settings.trusted_keys.glob("*.pem"):
        key = _public_key(file)
        if key.keyid == old.keyid:
            last = min(last_seq, key.unrecognized_fields.get(LAST_SEQ, last_seq))
            write_bytes(file.with_suffix(_LAST), str(last).encode())
    with written_whole(settings.signing_key) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_bytes(new.private_bytes)
    return str(new.public_key.keyid)


def public_pem(public: SSlibKey) -> bytes:
    """A public key as the content of a file for the folder of trusted keys."""
    raw = bytes.fromhex(public.keyval["public"])
    key = Ed25519PublicKey.from_public_bytes(raw)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _secret(file: Path, variable: str) -> bytes:
    try:
        mode = file.stat().st_mode
        content = _content(file)
    except OSError as error:
        raise SettingsError(
            f"{variable}: {file} cannot be read: {error.strerror}"
            " (make the file, or set the variable to where it is)"
        ) from error
    if mode & _OTHERS:
        raise SettingsError(
            f"{variable}: {file} is open to others than its owner, mode {stat.S_IMODE(mode):o}"
            f" (chmod 600 {file}, and make a new key if somebody may have read it)"
        )
    return content


def _content(file: Path) -> bytes:
    """The bytes of a key file, which may be a link, as Kubernetes mounts them, but no pipe."""
    if file.exists() and not (file.is_file() or file.is_dir()):
        raise OSError(errno.EINVAL, "is no file", str(file))
    return file.read_bytes()


def _public_key(file: Path) -> SSlibKey:
    key = SSlibKey.from_crypto(_public_half(file))
    last = file.with_suffix(_LAST)
    if last.exists():
        text = last.read_text(encoding="ascii", errors="replace").strip()
        if not text.isdigit() or len(text) > _LONGEST_NUMBER:
            raise SettingsError(f"{last}: not the number of a record (write the last one's)")
        key.unrecognized_fields[LAST_SEQ] = int(text)
    return key


def _public_half(file: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(_content(file))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror} (mend or remove)") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _not_a_key(file, "public") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _not_a_key(file, "public")
    return key


def _not_a_key(file: Path, half: str) -> SettingsError:
    return SettingsError(
        f"{file}: not an ed25519 {half} key in PEM without a password"
        " (make a pair: openssl genpkey -algorithm ed25519; .env.example shows how)"
    )


def _write_once(file: Path, content: bytes) -> None:
    """Write a secret whole, owner-readable from its first byte on; never over another one."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = file.with_name(f".{file.name}.{uuid4().hex}.part")
    try:
        with os.fdopen(
            os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb"
        ) as new:
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
        file.hardlink_to(temporary)
    except FileExistsError:
        return  # it is there already, perhaps since just now; that one is the key
    finally:
        temporary.unlink(missing_ok=True)
