"""Snapshots and their differences as a person reads them, at most 80 characters wide."""

from collections.abc import Iterator

from fairness_audit.records.snapshot import ObjectFile, Snapshot
from fairness_audit.steps.extract.difference import Difference, ObjectDifference
from fairness_audit.text import plain

_WIDTH = 80
_STATUS = {
    "equal": "equal",
    "different": "different",
    "only_in_a": "only in A",
    "only_in_b": "only in B",
    "without_key": "different; a manifest does not name its key, so rows cannot be matched",
}


def described(snapshot: Snapshot) -> Iterator[str]:
    """What a snapshot says of itself."""
    yield plain(f"model     {snapshot.model}", _WIDTH)
    start, end = snapshot.window_start, snapshot.window_end
    yield f"window    {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M %Z}"
    yield f"taken at  {snapshot.taken_at.isoformat(timespec='seconds')}"
    yield f"digest    {snapshot.digest}"
    for change in snapshot.drift:
        yield plain(f"drift     {change.sentence}", _WIDTH)
    for name, stored in snapshot.objects.items():
        yield ""
        yield plain(f"{name}: {stored.table}", _WIDTH)
        yield from _described(stored)


def _described(stored: ObjectFile) -> Iterator[str]:
    declared = "" if stored.rows_declared is None else f", {stored.rows_declared:,} declared"
    yield f"  rows    {stored.rows_at_source:,} at source{declared}"
    yield f"          {stored.rows_written:,} written, {stored.rows_repeated:,} repeated"
    yield plain(f"  key     {stored.key or 'not in the manifest'}", _WIDTH)
    yield f"  sha256  {stored.sha256[:12]}"
    for column in stored.columns:
        yield (
            f"    {plain(column.name, 26):<26} {plain(column.source_type, 26):<26}"
            f" {plain(column.arrow_type, 22)}"
        ).rstrip()
    if stored.source_columns is not None:
        besides = stored.source_columns.keys() - {column.name for column in stored.columns}
        yield f"    {len(besides):,} more at the source, not read"


def told(difference: Difference) -> Iterator[str]:
    """What differs between two snapshots."""
    yield f"A  {difference.a}"
    yield f"B  {difference.b}"
    for name, each in difference.objects.items():
        yield ""
        yield plain(f"{name}: {_STATUS[each.status]}", _WIDTH)
        if each.status != "equal":
            yield from _told(each)


def _told(each: ObjectDifference) -> Iterator[str]:
    if each.rows is not None:
        yield f"  rows only in A     {each.rows.only_in_a:,}"
        yield f"  rows only in B     {each.rows.only_in_b:,}"
        yield f"  rows in both       {each.rows.in_both:,}"
        yield f"  of them changed    {each.rows.changed:,}"
    for column, rows in each.changed.items():
        if rows:
            yield f"    {plain(column, 40):<40} {rows:,} changed"
    for column in each.appeared:
        yield plain(f"  column {column} appeared", _WIDTH)
    for column in each.vanished:
        yield plain(f"  column {column} vanished", _WIDTH)
    for column, types in each.retyped.items():
        yield plain(f"  column {column} has another type", _WIDTH)
        yield plain(f"    was {types.was}", _WIDTH)
        yield plain(f"    is  {types.became}", _WIDTH)
