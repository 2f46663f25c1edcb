"""Whether what is read can be held still: a transaction does so for InnoDB, and nothing else.

A view hides what it reads. The server explains a view only to a login that may see all of it, and
it keeps a view's definition with every table's name in full; from there the tables are found.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from fairness_audit.sources import TableError
from fairness_audit.sources.mysql import statements
from fairness_audit.sources.mysql.faults import DENIED, StatementFailed
from fairness_audit.sources.mysql.session import Session

_TEXT = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.DOTALL)
# `schema`.`table`, and also `alias`.`column`, which is the name of no table.
_IN_FULL = re.compile(r"`((?:[^`]|``)*)`\.(?=`((?:[^`]|``)*)`)")
_WITH_ROWS = {"BASE TABLE", "SYSTEM VERSIONED"}
_HELD_STILL = "innodb"


class _Relation(NamedTuple):
    schema: str
    name: str
    kind: str
    engine: str | None

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def check_held_still(session: Session, schema: str, name: str) -> None:
    """Check the engine of a table, or of all tables that a view reads.

    Raises:
        TableError: when there is no such table, and when it cannot be held still.
    """
    asked = _find(session, schema, name)
    if asked is None:
        raise TableError(f"there is no table {schema}.{name} (names are case-sensitive)")
    if asked.kind == "VIEW":
        _check_explained(session, asked)
    pending, seen = [asked], {asked}
    while pending:
        relation = pending.pop()
        if relation.kind != "VIEW":
            _check_engine(relation, asked)
            continue
        inner = set(_read_by(session, relation)) - seen
        seen |= inner
        pending += inner


def _find(session: Session, schema: str, name: str) -> _Relation | None:
    values = {"schema": schema, "name": name}
    rows = session.fetch(statements.FIND_RELATION, values, about=f"{schema}.{name}")
    # The server may compare names without their case.
    return next((_Relation(*row) for row in rows if row[:2] == (schema, name)), None)


def _check_engine(relation: _Relation, asked: _Relation) -> None:
    place = str(asked) if relation is asked else f"{relation}, which {asked} reads,"
    if relation.kind not in _WITH_ROWS:
        raise TableError(f"{place} is a {relation.kind.lower()} (name a table or a view)")
    if (relation.engine or "").lower() != _HELD_STILL:
        raise TableError(
            f"{place} is kept by the engine {relation.engine}, which no transaction holds still:"
            " what is written while it is read would be half in the audit (ALTER TABLE … ENGINE ="
            " InnoDB, or name a copy that is InnoDB)"
        )


def _check_explained(session: Session, view: _Relation) -> None:
    try:
        session.fetch(statements.explained(view.schema, view.name), about=str(view))
    except StatementFailed as error:
        if error.code in DENIED:
            raise TableError(
                f"{view} is a view, and what it reads is hidden from this login, so that it"
                " is not known to hold still (GRANT SELECT, SHOW VIEW on it and what it reads)"
            ) from None
        raise


def _read_by(session: Session, view: _Relation) -> Iterator[_Relation]:
    values = {"schema": view.schema, "name": view.name}
    for *names, definition in session.fetch(statements.FIND_VIEW, values, about=str(view)):
        if names == [view.schema, view.name]:
            for schema, name in set(_IN_FULL.findall(_TEXT.sub("''", definition or ""))):
                found = _find(session, _plain(schema), _plain(name))
                if found is not None:
                    yield found


def _plain(quoted: str) -> str:
    return quoted.replace("``", "`")
