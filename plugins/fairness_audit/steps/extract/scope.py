"""What the policy asks for, held against what the source's catalogue has."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from fairness_audit.errors import PolicyFault, SourceError
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.policy.source import SourceObject
from fairness_audit.sources import FrozenSource, Page, Scope, Table, TableError, Window
from fairness_audit.sources.digits import overlong


@dataclass(frozen=True)
class Chosen:
    """One object of the policy, the source's table, and what leaves it."""

    name: str
    declared: SourceObject
    table: Table
    selection: Scope
    loaded: LoadedPolicy

    @property
    def label(self) -> str:
        """The object and its table, to begin a message with."""
        return f"object {self.name} ({self.declared.place})"

    def pages(self, resume: str | None = None) -> Iterator[Page]:
        """What leaves the table, page by page; ``resume`` is the cursor of the last one read.

        Raises:
            SourceError: the table cannot be read, or a decimal has more digits than its column
                declares: what writes it would cut it without a word.
        """
        for page in self.table.pages(self.selection, resume):
            name = overlong(page.batch)
            if name is not None:
                declared = self.table.fields[name]
                fault = (
                    f"column {name!r} of {self.label} holds a number of more digits than"
                    f" {declared.source_type} has, read as {declared.arrow_type}"
                )
                cure = "mend the rows, or have the column declare their digits"
                place = self.declared.columns.index(name)
                raise SourceError(self.fault(fault, cure, "columns", place))
            yield page

    def fault(self, fault: str, cure: str, *field: str | int) -> str:
        """A message that begins with the file, the line and the field of the policy."""
        path = ("source", "objects", self.name, *field)
        named = ".".join(part for part in path if isinstance(part, str))
        line = self.loaded.line_of(*path)
        return str(PolicyFault(self.loaded.file, line, named, fault, cure))


def select_objects(
    loaded: LoadedPolicy, crm: FrozenSource, start: datetime, end: datetime
) -> list[Chosen]:
    """Find every object of the policy in the source.

    Raises:
        TableError: with every fault of every object: missing tables and columns, columns this
            login may not read, a ``window_on`` or ``modified_on`` that is no time.
    """
    chosen: list[Chosen] = []
    faults: list[str] = []
    for name, declared in loaded.policy.source.objects.items():
        try:
            table = crm.table(declared.schema_name, declared.table)
        except TableError as error:
            line = loaded.line_of("source", "objects", name, "table")
            faults.append(f"{loaded.file}:{line}: source.objects.{name}.table: {error}")
            continue
        window = Window(declared.window_on, start, end) if declared.window_on else None
        selection = Scope(declared.columns, declared.key, window)
        each = Chosen(name, declared, table, selection, loaded)
        faults += _faults(each)
        chosen.append(each)
    if faults:
        raise TableError("\n".join(faults))
    return chosen


def _faults(chosen: Chosen) -> Iterator[str]:
    fields = chosen.table.fields
    for index, name in enumerate(chosen.declared.columns):
        if name not in fields:
            fault = f"{chosen.label} has no column {name!r}"
            yield chosen.fault(fault, _nearest(name, list(fields)), "columns", index)
        elif not fields[name].readable:
            fault = f"permission denied for column {name!r} of {chosen.label}"
            yield chosen.fault(fault, "grant the login SELECT on it", "columns", index)
    for role in ("window_on", "modified_on"):
        stamp = getattr(chosen.declared, role)
        if stamp is not None and stamp in fields and not _is_time(fields[stamp].arrow_type):
            fault = f"column {stamp!r} of {chosen.label} is {fields[stamp].source_type}"
            yield chosen.fault(fault, "name a timestamp or date column", role)


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name.lower(), known, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return "remove it from the policy, or add it to the table"


def _is_time(arrow_type: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(arrow_type) or pa.types.is_date(arrow_type))
