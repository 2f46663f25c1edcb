"""Whether the source's tables are still what they were at the reading before."""

import logging
from collections.abc import Iterable, Iterator

from fairness_audit.errors import PolicyFault, SourceError
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.policy.source import SchemaDrift
from fairness_audit.records.snapshot import ObjectFile, SchemaChange, Snapshot
from fairness_audit.steps.extract.scope import Chosen

log = logging.getLogger(__name__)

_CURE = "look at what the audit makes of it, then run once with schema_drift: warn"


def drift_since(
    previous: Snapshot | None, chosen: Iterable[Chosen], loaded: LoadedPolicy
) -> tuple[SchemaChange, ...]:
    """Every column that appeared, vanished or changed its type, read or not; each is logged.

    Raises:
        SourceError: with every change, when the policy says that drift fails the audit.
    """
    if previous is None:
        return ()
    changes = tuple(
        change
        for each in chosen
        if (stored := previous.objects.get(each.name)) and stored.table == each.declared.place
        for change in _changes(stored, each)
    )
    if changes and loaded.policy.source.schema_drift is SchemaDrift.FAIL:
        field = ("source", "schema_drift")
        line = loaded.line_of(*field)
        faults = (
            PolicyFault(loaded.file, line, ".".join(field), change.sentence, _CURE)
            for change in changes
        )
        raise SourceError("\n".join(map(str, faults)))
    for change in changes:
        log.warning("schema drift since %s: %s", previous.taken_at, change.sentence)
    return changes


def _changes(stored: ObjectFile, chosen: Chosen) -> Iterator[SchemaChange]:
    fields = chosen.table.fields
    read = {column.name: column for column in stored.columns}
    # A manifest from before the whole table was kept tells nothing of columns it did not read.
    old = stored.source_columns
    known = {name: column.source_type for name, column in read.items()} if old is None else old

    def change(name: str, was: str | None, became: str | None) -> SchemaChange:
        return SchemaChange(object=chosen.name, column=name, was=was, became=became)

    for name, was in known.items():
        field = fields.get(name)
        if field is None:
            yield change(name, was, None)
        elif field.source_type != was:
            yield change(name, was, field.source_type)
        elif name in read and name in chosen.selection.columns:
            arrived, arrives = read[name].arrow_type, str(field.arrow_type)
            if arrived != arrives:
                yield change(name, f"{was} as {arrived}", f"{was} as {arrives}")
    if old is not None:
        for name, field in fields.items():
            if name not in old:
                yield change(name, None, field.source_type)
