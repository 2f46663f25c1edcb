"""From an address such as ``s3://bucket/folder`` to the object store behind it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pyarrow.fs import AzureFileSystem, FileSystem, GcsFileSystem, S3FileSystem, resolve_s3_region

from fairness_audit.errors import SourceError

_TIMEOUT = 60.0


@dataclass(frozen=True)
class StoreAddress:
    """A folder of a bucket; ``login`` and ``password`` are what the store calls its key."""

    scheme: str
    bucket: str
    folder: str
    login: str | None
    password: str | None = field(repr=False)
    extra: Mapping[str, Any] = field(repr=False)

    @property
    def text(self) -> str:
        """The address as a person writes it, without any secret."""
        return f"{self.scheme}://{self.path}"

    @property
    def path(self) -> str:
        """Where the folder is in the store."""
        return f"{self.bucket}/{self.folder}".rstrip("/")

    def connect(self) -> FileSystem:
        """Open the store; where no login is given, the machine's own is used."""
        return _STORES[self.scheme](self)


def store_address(
    address: str, login: str | None, password: str | None, extra: Mapping[str, Any]
) -> StoreAddress:
    """Take an address apart.

    Raises:
        SourceError: there is no such scheme, no bucket, or something that belongs elsewhere.
    """
    parts = urlsplit(address)
    if parts.scheme not in _STORES:
        raise SourceError(
            f"nothing reads files at {parts.scheme}:// (use {', '.join(_STORES)}, or a path)"
        )
    # Without repeating the address, which may hold a secret in these places.
    if "@" in address or parts.query or parts.fragment:
        raise SourceError(
            f"the {parts.scheme} address holds more than a bucket and a folder (write a key as"
            " login and password, the region and the like in extra)"
        )
    if not parts.netloc:
        raise SourceError(
            f"the address {address} names no bucket (write {parts.scheme}://bucket/folder)"
        )
    return StoreAddress(parts.scheme, parts.netloc, parts.path.strip("/"), login, password, extra)


def _s3(address: StoreAddress) -> FileSystem:
    extra = address.extra
    if bool(address.login) != bool(address.password):
        raise SourceError(
            "the connection has half of an access key (write its id as login and the secret as"
            " password, or neither)"
        )
    given: dict[str, Any] = {}
    if endpoint := extra.get("endpoint"):
        scheme, _, host = str(endpoint).rpartition("://")
        given |= {"endpoint_override": host, "scheme": scheme or "https"}
    if region := extra.get("region"):
        given["region"] = str(region)
    elif not endpoint:
        given["region"] = resolve_s3_region(address.bucket)
    return S3FileSystem(
        access_key=address.login or None,
        secret_key=address.password or None,
        session_token=extra.get("session_token"),
        role_arn=extra.get("role_arn"),
        request_timeout=_TIMEOUT,
        connect_timeout=10.0,
        **given,
    )


def _gs(address: StoreAddress) -> FileSystem:
    return GcsFileSystem(anonymous=bool(address.extra.get("anonymous")))


def _abfs(address: StoreAddress) -> FileSystem:
    if not address.login:
        raise SourceError("the connection has no login (write the storage account's name)")
    return AzureFileSystem(
        address.login,
        account_key=address.password or None,
        sas_token=address.extra.get("sas_token"),
    )


_STORES: dict[str, Callable[[StoreAddress], FileSystem]] = {"s3": _s3, "gs": _gs, "abfs": _abfs}
