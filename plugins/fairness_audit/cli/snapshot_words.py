"""Snapshots and their differences, printed as a person reads them."""

from fairness_audit.cli.printing import say, table
from fairness_audit.records.snapshot import ObjectFile, Snapshot
from fairness_audit.steps.extract.difference import Difference, ObjectDifference

_STATUS = {
    "equal": "equal",
    "different": "different",
    "only_in_a": "only in A",
    "only_in_b": "only in B",
    "without_key": "different; a manifest does not name its key, so rows cannot be matched",
}


def describe(snapshot: Snapshot) -> None:
    """Print what a snapshot says of itself."""
    say(f"model     {snapshot.model}", hang=10)
    start, end = snapshot.window_start, snapshot.window_end
    say(f"window    {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M %Z}")
    say(f"taken at  {snapshot.taken_at.isoformat(timespec='seconds')}")
    say(f"digest    {snapshot.digest}")
    for change in snapshot.drift:
        say(f"drift     {change.sentence}", hang=10)
    for name, stored in snapshot.objects.items():
        say()
        say(f"{name}: {stored.table}", hang=4)
        _describe(stored)


def _describe(stored: ObjectFile) -> None:
    declared = "" if stored.rows_declared is None else f", {stored.rows_declared:,} declared"
    say(f"  rows    {stored.rows_at_source:,} at source{declared}")
    say(f"          {stored.rows_written:,} written, {stored.rows_repeated:,} repeated")
    say(f"  key     {', '.join(stored.keys) or 'not in the manifest'}", hang=10)
    say(f"  sha256  {stored.sha256[:12]}")
    say()
    table(
        ("column", "type at the source", "type as kept"),
        [(column.name, column.source_type, column.arrow_type) for column in stored.columns],
    )
    if stored.source_columns is not None:
        besides = stored.source_columns.keys() - {column.name for column in stored.columns}
        say(f"{len(besides):,} more at the source, not read")


def tell(difference: Difference) -> None:
    """Print what differs between two snapshots."""
    say(f"A  {difference.a}")
    say(f"B  {difference.b}")
    for name, each in difference.objects.items():
        say()
        say(f"{name}: {_STATUS[each.status]}", hang=4)
        if each.status != "equal":
            _tell(each)


def _tell(each: ObjectDifference) -> None:
    if each.rows is not None:
        say(f"  rows only in A     {each.rows.only_in_a:,}")
        say(f"  rows only in B     {each.rows.only_in_b:,}")
        say(f"  rows in both       {each.rows.in_both:,}")
        say(f"  of them changed    {each.rows.changed:,}")
    for column, rows in each.changed.items():
        if rows:
            say(f"    {column}  {rows:,} changed", hang=6)
    for column in each.appeared:
        say(f"  column {column} appeared", hang=4)
    for column in each.vanished:
        say(f"  column {column} vanished", hang=4)
    for column, types in each.retyped.items():
        say(f"  column {column} has another type", hang=4)
        say(f"    was {types.was}", hang=8)
        say(f"    is  {types.became}", hang=8)
