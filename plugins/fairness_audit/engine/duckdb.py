"""DuckDB, locked down, running static SQL files with bound values.

CRM content is untrusted: a connection may read and write only the folders it was opened for,
cannot reach the network, load extensions or unlock itself again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb


@contextmanager
def locked_connection(
    folders: Sequence[Path], *, memory_limit: str = "1GB", threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield an in-memory DuckDB confined to ``folders`` (the first also takes spilled data).

    The order of the settings matters: folders first, then external access off, then the lock.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET memory_limit = $limit", {"limit": memory_limit})
        if threads is not None:
            connection.execute("SET threads = $threads", {"threads": threads})
        connection.execute("SET temp_directory = $folder", {"folder": str(folders[0] / ".spill")})
        connection.execute(
            "SET allowed_directories = $folders",
            {"folders": [name for each in folders for name in (str(each), exactly(each))]},
        )
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


def exactly(path: Path) -> str:
    """The path as DuckDB reads it: of a name with `* ? [` it would read all files that fit."""
    return re.sub(r"[*?[]", r"[\g<0>]", str(path))


def statement(path: Path) -> str:
    """The text of a static SQL file: one statement, its values bound as ``$name``."""
    return path.read_text(encoding="utf-8")


def values_used(text: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a statement binds as ``$name``; DuckDB refuses a value that is not used."""
    names = set(re.findall(r"\$([a-z_]+)", text))
    return {name: value for name, value in values.items() if name in names}
