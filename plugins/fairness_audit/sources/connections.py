"""From an Airflow connection to a source: its type picks which, its fields say where.

`docs/extend.md` lists the types and their fields.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairness_audit.errors import SourceError

if TYPE_CHECKING:
    from fairness_audit.sources import Source


_HIGHEST_PORT = 65_535


@dataclass(frozen=True)
class Address:
    """The fields of a connection; ``state`` is where tokens may be kept between tasks.

    Raises:
        SourceError: a field is not what it must be.
    """

    kind: str
    host: str | None
    port: int | None
    login: str | None
    password: str | None = field(repr=False)
    schema: str | None
    extra: Mapping[str, Any] = field(repr=False)
    state: Path

    def __post_init__(self) -> None:
        port = self.port
        if port is not None and not (type(port) is int and 1 <= port <= _HIGHEST_PORT):
            raise SourceError(
                "the port of the connection is no number from 1 to 65535 (mend it, or leave it"
                " out)"
            )
        if not isinstance(self.extra, Mapping):
            raise SourceError("extra of the connection is no JSON object (write {} or fields)")
        for name in ("kind", "host", "login", "password", "schema"):
            value = getattr(self, name)
            if not isinstance(value, str | None) or "\0" in (value or ""):
                raise SourceError(f"the {name} of the connection is no text (put it in quotes)")

    def required(self, name: str, meaning: str) -> str:
        """A field, or one of extra's, that must be there.

        Raises:
            SourceError: it is empty.
        """
        found = getattr(self, name) if hasattr(self, name) else self.extra.get(name)
        if not found:
            raise SourceError(f"the connection has no {name} (write {meaning})")
        return str(found)

    @classmethod
    def parsed(cls, text: str, state: Path) -> "Address":
        """The JSON of ``AIRFLOW_CONN_<ID>``, where no Airflow reads it."""
        try:
            given = json.loads(text)
        except ValueError:
            given = None
        if not isinstance(given, dict) or "conn_type" not in given:
            raise SourceError("the connection is no JSON object with a conn_type (write one)")
        return cls(
            kind=given["conn_type"],
            host=given.get("host"),
            port=given.get("port"),
            login=given.get("login"),
            password=given.get("password"),
            schema=given.get("schema"),
            extra=given.get("extra", {}),
            state=state,
        )

    @property
    def tokens(self) -> Path:
        """Folder of access tokens, which only this user may read."""
        return self.state / "tokens"


def source_at(address: Address) -> "Source":
    """The source at an address.

    Raises:
        SourceError: nothing reads this type, or a field is missing.
    """
    try:
        build = SOURCES[address.kind]
    except KeyError:
        raise SourceError(
            f"nothing reads a connection of type {address.kind!r} (use {', '.join(SOURCES)})"
        ) from None
    return build(address)


def _postgres(address: Address) -> "Source":
    from fairness_audit.sources.postgres import PostgresSource
    from fairness_audit.sources.postgres.address import libpq_address

    return PostgresSource(
        libpq_address(
            host=address.host,
            port=address.port,
            login=address.login,
            password=address.password,
            database=address.schema,
            options=address.extra,
        )
    )


def _mysql(address: Address) -> "Source":
    from fairness_audit.sources.mysql import MySQLSource

    return MySQLSource(
        host=address.host,
        port=address.port,
        login=address.login,
        password=address.password,
        database=address.schema,
        options=address.extra,
    )


def _sqlite(address: Address) -> "Source":
    from fairness_audit.sources.files.sqlite_file import SqliteSource

    return SqliteSource(_path(address))


def _duckdb(address: Address) -> "Source":
    from fairness_audit.sources.files.duckdb_file import DuckdbSource

    return DuckdbSource(_path(address))


def _folder(address: Address) -> "Source":
    from fairness_audit.sources.files.folder import FolderSource
    from fairness_audit.tabular.dialect import Dialect

    known = {name: address.extra.get(name) for name in ("delimiter", "encoding")}
    dialect = Dialect(**{name: str(value) for name, value in known.items() if value})
    where = address.host or address.required("path", "the path as the host")
    if "://" not in where:
        return FolderSource(_path(address), dialect)
    from fairness_audit.sources.files.objects import ObjectFolderSource
    from fairness_audit.sources.files.stores import store_address

    store = store_address(where, address.login, address.password, address.extra)
    return ObjectFolderSource(store.text, store.path, store.connect, dialect)


def _path(address: Address) -> Path:
    given = Path(address.host or address.required("path", "the path as the host"))
    if not given.is_absolute():
        raise SourceError(f"the path {given} of the connection is no whole one (begin it with /)")
    return given


def _snowflake(address: Address) -> "Source":
    from fairness_audit.sources.warehouse import WarehouseSource
    from fairness_audit.sources.warehouse.snowflake import SNOWFLAKE, options

    account = address.required("account", "the account in extra")
    database = address.required("database", "the database in extra")
    return WarehouseSource(
        SNOWFLAKE,
        options(
            login=address.login,
            password=address.password,
            database=database,
            extra=address.extra,
        ),
        place=f"snowflake {account}/{database}",
        database=database,
        schema=address.schema,
    )


def _bigquery(address: Address) -> "Source":
    from fairness_audit.sources.warehouse import WarehouseSource
    from fairness_audit.sources.warehouse.bigquery import BIGQUERY, options

    project = address.required("project", "the project in extra")
    return WarehouseSource(
        BIGQUERY,
        options(project=project, extra=address.extra),
        place=f"bigquery {project}",
        database=project,
        schema=address.schema,
    )


def _salesforce(address: Address) -> "Source":
    from fairness_audit.sources.salesforce import API_VERSION, SalesforceLogin, SalesforceSource

    extra = address.extra
    host = address.required("host", "the My Domain address")
    login = SalesforceLogin(
        _web(host, address.port),
        address.required("login", "the client id of the connected app"),
        address.password,
        user=extra.get("user"),
        private_key=extra.get("private_key"),
        audience=str(extra.get("audience", "https://login.salesforce.com")),
        keep_in=address.tokens,
    )
    version = str(extra.get("api_version", API_VERSION))
    if not re.fullmatch(r"[0-9]{2,3}\.[0-9]", version):
        raise SourceError(
            f"extra.api_version of the connection is no version (write {API_VERSION})"
        )
    return SalesforceSource(
        login,
        api_version=version,
        quota_share=_number(extra, "quota_share", 0.8, most=1.0),
    )


def _zoho(address: Address) -> "Source":
    from fairness_audit.sources.zoho import ZohoLogin, ZohoSource

    login = ZohoLogin(
        address.required("login", "the client id"),
        address.required("password", "the client secret"),
        address.required("refresh_token", "the refresh token in extra"),
        str(address.extra.get("data_center", "com")),
        keep_in=address.tokens,
    )
    least = math.ceil(_number(address.extra, "least_credits", 1000))
    return ZohoSource(login, least_credits=least)


def _hubspot(address: Address) -> "Source":
    from fairness_audit.sources.hubspot import ADDRESS, HubspotLogin, HubspotSource

    token = address.required("password", "the private app's token")
    if not re.fullmatch(r"[!-~]+", token):
        raise SourceError(
            "the password of the connection holds what no token does (copy the private app's"
            " token anew)"
        )
    return HubspotSource(HubspotLogin(token, _web(address.host or ADDRESS, address.port)))


def _web(host: str, port: int | None) -> str:
    from fairness_audit.sources.web.addresses import web_address

    try:
        return web_address(host, port)
    except ValueError as fault:
        # Without the host, which may hold a secret where it is wrong.
        raise SourceError(
            f"the host of the connection is no address: {fault} (write company.example)"
        ) from None


def _number(
    extra: Mapping[str, Any], name: str, default: float, *, most: float = math.inf
) -> float:
    given = extra.get(name, default)
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) and 0 <= number <= most):
        limit = "" if math.isinf(most) else f" from 0 to {most:g}"
        raise SourceError(
            f"extra.{name} of the connection is no number{limit} (write {default})"
        ) from None
    return number


SOURCES: dict[str, Callable[[Address], "Source"]] = {
    "postgres": _postgres,
    "postgresql": _postgres,
    "mysql": _mysql,
    "mariadb": _mysql,
    "sqlite": _sqlite,
    "duckdb": _duckdb,
    "fs": _folder,
    "file": _folder,
    "snowflake": _snowflake,
    "bigquery": _bigquery,
    "gcpbigquery": _bigquery,
    "salesforce": _salesforce,
    "zoho": _zoho,
    "hubspot": _hubspot,
}
"""What reads a connection, by its type."""
