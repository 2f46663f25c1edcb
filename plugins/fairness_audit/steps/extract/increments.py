"""Readings that build on each other: only what changed is read, and merged with what was.

A part is what one reading gave: everything, or the rows modified since a look-back before the
part before it ended. The look-back catches rows whose stamp is older than the moment they became
visible (long transactions). Rows that were deleted without a trace leave no stamp behind, so each
reading also reads all keys. Where the merge and the source's own count do not agree, everything is
read anew; so it is once in a while in any case, for values that change without a stamp (formulas).

Parts are never changed. A snapshot names those it was merged from, so it can be made again.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

import duckdb
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from fairness_audit.encoding import canonical_bytes, digest_of
from fairness_audit.engine.duckdb import exactly, locked_connection, statement
from fairness_audit.files import sha256_of, write_bytes, written_whole
from fairness_audit.policy.base import as_written
from fairness_audit.sources import Scope, Window
from fairness_audit.steps.extract.keyed import as_schema, columns_of, numbered, one_key
from fairness_audit.steps.extract.reading import Read, check_counts, read_into, schema_of
from fairness_audit.steps.extract.rows_file import write_rows
from fairness_audit.steps.extract.scope import Chosen

log = logging.getLogger(__name__)

_LIST = "parts.json"


class Part(BaseModel):
    """One reading: all rows, those modified in a window, or all keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["full", "changes", "keys"]
    file: str
    until: datetime
    rows: int
    sha256: str


class Made(NamedTuple):
    """What one reading adds: rows, and the keys there were."""

    rows: Part
    keys: Part


class Increments:
    """The parts of every object of one audit.

    Args:
        folder: where they are kept from run to run; they hold personal data.
        taken_at: the moment of this reading, by the source's clock.
        sql: folder with ``extract/``.
        look_back: how much earlier than the end of the part before a reading begins.
        refresh: after so long everything is read anew.
    """

    def __init__(
        self,
        folder: Path,
        taken_at: datetime,
        *,
        sql: Path,
        look_back: timedelta,
        refresh: timedelta,
    ) -> None:
        self._folder, self._taken_at, self._sql = folder, taken_at, sql
        self._look_back, self._refresh = look_back, refresh

    def copy(self, chosen: Chosen, folder: Path, path: Path, total: int) -> Read:
        """Write the object as of now to ``path``; pages wait in ``folder``.

        Raises:
            SourceError: the source cannot be read, or not even all of its rows are as many as it
                counts.
        """
        store = self._store(chosen)
        earlier = self._usable(store)
        if earlier:
            read = self._merged(chosen, folder, path, store, earlier, total)
            if read.written == total:
                return read
            log.warning(
                "%s: changes and earlier rows make %d rows, the source counts %d;"
                " reading all of them",
                chosen.label,
                read.written,
                total,
            )
        read = self._merged(chosen, folder, path, store, (), total)
        check_counts(chosen, folder, total, read)
        return read

    def _merged(
        self,
        chosen: Chosen,
        folder: Path,
        path: Path,
        store: Path,
        earlier: Sequence[Part],
        total: int,
    ) -> Read:
        made, read = self._read(chosen, folder, store, earlier, total)
        parts = [*(each for each in earlier if each.kind != "keys"), made.rows]
        written = merge(
            path,
            [store / each.file for each in parts],
            store / made.keys.file,
            schema=schema_of(chosen),
            key=chosen.declared.key,
            stamp=chosen.declared.modified_on or "",
            sql=self._sql,
        )
        kept = [] if made.rows.kind == "full" else _listed(store)
        write_bytes(
            store / _LIST,
            canonical_bytes([each.model_dump(mode="json") for each in (*kept, *made)]),
        )
        named = tuple(each.sha256 for each in (*parts, made.keys))
        return Read(written, None, read.repeated, named)

    def _read(
        self, chosen: Chosen, folder: Path, store: Path, earlier: Sequence[Part], total: int
    ) -> tuple[Made, Read]:
        stamp, key = chosen.declared.modified_on, chosen.declared.key
        wanted = chosen.selection
        kind: Literal["full", "changes"] = "full"
        if earlier and stamp is not None:
            kind = "changes"
            since = max(each.until for each in earlier) - self._look_back
            end = self._taken_at + timedelta(days=1)  # and whatever clocks run ahead
            wanted = replace(wanted, window=Window(stamp, since, end))
        rows, read = self._part(replace(chosen, selection=wanted), kind, folder, store, total)
        keys = replace(chosen, name=f"{chosen.name}.keys", selection=Scope(key, key, None))
        found, _ = self._part(keys, "keys", folder, store, total)
        return Made(rows, found), read

    def _part(
        self,
        chosen: Chosen,
        kind: Literal["full", "changes", "keys"],
        folder: Path,
        store: Path,
        total: int,
    ) -> tuple[Part, Read]:
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{self._taken_at:%Y%m%dT%H%M%S%f}-{kind}.parquet"
        with written_whole(store / name) as temporary:
            read = read_into(temporary, chosen, folder, total, sql=self._sql)
            digest = sha256_of(temporary)
        part = Part(kind=kind, file=name, until=self._taken_at, rows=read.written, sha256=digest)
        return part, read

    def _store(self, chosen: Chosen) -> Path:
        """Parts of other columns or types are of no use: they have a folder of their own."""
        schema = schema_of(chosen)
        asked = {
            "table": chosen.declared.place,
            "connection": chosen.loaded.policy.source.connection,
            "columns": [[each.name, str(each.type)] for each in schema],
            "key": as_written(chosen.declared.key),
            "modified_on": chosen.declared.modified_on,
        }
        return self._folder / chosen.name / digest_of(asked)[:16]

    def _usable(self, store: Path) -> tuple[Part, ...]:
        """The parts since everything was read last, if that is not too long ago."""
        parts = _listed(store)
        full = [place for place, each in enumerate(parts) if each.kind == "full"]
        if not full or self._taken_at - parts[full[-1]].until > self._refresh:
            return ()
        since = tuple(parts[full[-1] :])
        for each in since:
            file = store / each.file
            if not file.is_file() or sha256_of(file) != each.sha256:
                log.warning("%s: is not what was read; reading everything anew", file)
                return ()
        return since


def merge(
    path: Path,
    parts: Sequence[Path],
    keys: Path,
    *,
    schema: pa.Schema,
    key: Sequence[str],
    stamp: str,
    sql: Path,
) -> int:
    """Write to ``path`` each row as it was read last, of those whose key is still there.

    The same parts give the same bytes.

    Args:
        path: the file to write.
        parts: everything, and then what changed, in the order it was read; at least one.
        keys: the keys that there were at the end.
        schema: of the rows.
        key: the columns that together name each row.
        stamp: the column that says when a row was modified.
        sql: folder with ``extract/``.

    Returns:
        The number of rows.
    """
    folders = {path.parent, keys.parent, *(part.parent for part in parts)}
    with locked_connection(sorted(folders), memory_limit="512MB") as connection:
        rows = None
        for number, part in enumerate(parts):
            each = _keyed(connection.read_parquet(exactly(part)), number, schema, key, stamp)
            rows = each if rows is None else rows.union(each)
        if rows is None:
            raise ValueError("there is nothing to merge")
        rows.create_view("parts")
        there = connection.read_parquet(exactly(keys))
        known = one_key(list(columns_of(there, key).values()))
        there.select(known.alias("fairness_audit_key")).create_view("keys")
        query = connection.sql(statement(sql / "extract" / "merged_parts.sql"))
        merged = (as_schema(each, schema) for each in query.to_arrow_reader())
        return write_rows(merged, schema, path)


def _keyed(
    part: duckdb.DuckDBPyRelation, number: int, schema: pa.Schema, key: Sequence[str], stamp: str
) -> duckdb.DuckDBPyRelation:
    """The rows of a part, with their key, their stamp, and the number of the part."""
    columns = columns_of(part, schema.names)
    return part.select(
        *numbered(list(columns.values())),
        one_key([columns[name] for name in key]).alias("fairness_audit_key"),
        columns[stamp].alias("fairness_audit_stamp"),
        duckdb.ConstantExpression(number).alias("fairness_audit_part"),
    )


def kept_parts(folder: Path) -> dict[str, Path]:
    """The files of all parts of one object that are kept, by the SHA-256 they were written with.

    Of readings before the last full one no list is kept any more; those are known by content.
    """
    found = {
        each.sha256: store / each.file for store in folder.glob("*") for each in _listed(store)
    }
    there = {digest: file for digest, file in found.items() if file.is_file()}
    others = sorted(set(folder.glob("*/*.parquet")) - set(there.values()))
    return {sha256_of(file): file for file in others} | there


def _listed(store: Path) -> list[Part]:
    try:
        return [Part.model_validate(each) for each in json.loads((store / _LIST).read_bytes())]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, RecursionError, ValidationError):
        log.warning("%s: cannot be read; reading everything anew", store / _LIST)
        return []
