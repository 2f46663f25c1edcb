"""The address PostgreSQL's own client library reads, from the parts of a connection."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode


def libpq_address(
    *,
    host: str | None,
    port: int | None,
    login: str | None,
    password: str | None,
    database: str | None,
    options: Mapping[str, object],
) -> str:
    """A ``postgresql://`` address; what cannot stand in one as it is, is escaped.

    A host that is a path is the folder of a Unix socket. Options, such as ``sslmode``, become
    parameters of the address.
    """
    parameters = {name: str(value) for name, value in options.items()}
    where = host or ""
    if where.startswith("/"):
        parameters["host"], where = where, ""
    where = quote(where, safe="[]:,")
    if port is not None:
        where += f":{port}"
    who = quote(login or "", safe="")
    if password:
        who += ":" + quote(password, safe="")
    if who:
        who += "@"
    return f"postgresql://{who}{where}/{quote(database or '', safe='')}?{urlencode(parameters)}"
