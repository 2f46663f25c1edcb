"""A ledger that somebody rewrites who may write to its database, and to the place of its heads.

Rows and heads are plain values here, to be changed at will; `written` makes a ledger of them,
without any constraint on its table, as the owner of a database can.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairness_audit.ledger.ledger import Ledger
from fairness_audit.records.signed.index import IndexRow
from tests.builders.published import a_ledger
from tests.builders.tampering import TABLE

COLUMNS = (*IndexRow._fields, "envelope")
_MOMENTS = ("logical_date", "issued", "expires")
_KINDS = dict.fromkeys(COLUMNS, "TEXT") | dict.fromkeys(_MOMENTS, "DATETIME") | {"seq": "BIGINT"}
_DECLARED = ", ".join(f"{name} {kind}" for name, kind in _KINDS.items())

Row = dict[str, Any]


@dataclass
class Copy:
    """The content of a ledger and of the place of its heads."""

    rows: list[Row]
    heads: dict[str, bytes]

    @classmethod
    def of(cls, folder: Path) -> "Copy":
        """What is in a folder."""
        with closing(sqlite3.connect(folder / "ledger.db")) as connection:
            found = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM {TABLE} ORDER BY seq")
            rows = [dict(zip(COLUMNS, row, strict=True)) for row in found]
        return cls(rows, {file.name: file.read_bytes() for file in (folder / "heads").iterdir()})

    def again(self) -> "Copy":
        """One more, to be changed."""
        return deepcopy(self)

    def written(self, folder: Path) -> Ledger:
        """The ledger of a new folder."""
        (folder / "heads").mkdir(parents=True)
        for name, content in self.heads.items():
            (folder / "heads" / name).write_bytes(content)
        with closing(sqlite3.connect(folder / "ledger.db")) as connection, connection:
            connection.execute(f"CREATE TABLE {TABLE} ({_DECLARED})")
            places = ", ".join("?" * len(COLUMNS))
            values = [[row[name] for name in COLUMNS] for row in self.rows]
            connection.executemany(f"INSERT INTO {TABLE} VALUES ({places})", values)
        return a_ledger(folder)

    def index(self, upto: int) -> Iterator[tuple[Any, ...]]:
        """The first rows without their envelopes, as a head vouches for them."""
        for row in self.rows[:upto]:
            yield tuple(row[name] for name in IndexRow._fields)
