"""Builders: a small company behind a vendor's API, and what extract makes of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fairness_audit.demo.vendors.faults import FaultyApp
from fairness_audit.demo.vendors.served import Company, Record, ServedField, ServedObject
from fairness_audit.demo.vendors.serving import serving
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.sources import Source
from fairness_audit.sources.web.transport import Patience
from fairness_audit.steps.extract import extract
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.populations import SQL

LOGICAL_DATE = datetime(2026, 6, 29, tzinfo=UTC)
IMPATIENT = Patience(tries=4, first_wait=0.01, longest_wait=5.0)
"""Waits that a test can sit through."""


@dataclass
class Vendor:
    """A vendor's API that is being served, its state, and a reader's view of it."""

    address: str
    app: FaultyApp
    state: Any
    source: Source

    def take(
        self, folder: Path, previous: Snapshot | None = None, **objects: dict[str, Any]
    ) -> Snapshot:
        """Extract these objects into ``folder/run``."""
        loaded = a_loaded_policy(folder, **objects)
        return extract(
            loaded,
            logical_date=LOGICAL_DATE,
            source=self.source,
            folder=folder / "run",
            sql=SQL,
            previous=previous,
        )

    def rows(self, folder: Path, name: str, columns: Sequence[str], key: str) -> list[Record]:
        """The rows of one object, extracted."""
        snapshot = self.take(folder, lead=an_object(name, list(columns), key=key, schema=None))
        return pq.read_table(snapshot.path_of("lead")).to_pylist()  # type: ignore[no-any-return]

    def asked(self, words: str) -> int:
        """How many requests had these words in them."""
        return sum(words in each for each in self.app.requests)


@contextmanager
def served_by(state: Any, source_of: Any) -> Iterator[Vendor]:
    """Serve a vendor's state; ``source_of`` makes the reader of an address."""
    app = state.app()
    with serving(app) as address:
        yield Vendor(address, app, state, source_of(address))


def a_company(**objects: ServedObject) -> Company:
    """A company of these objects, served in small pages."""
    return Company({each.name: each for each in objects.values()}, page_rows=40)


def leads(
    count: int, name: Mapping[str, str], *, id_of: Any, kinds: Mapping[str, str]
) -> ServedObject:
    """Leads with everything that cells of a CRM hold; ``name`` gives the vendor's field names."""
    texts = ["plain", 'a,"b"', "two\nlines", "emoji 🦊", "007", "", None, "NA", "nul\x00byte"]
    start = datetime(2025, 1, 31, 23, 30, tzinfo=UTC)
    records = [
        {
            name["id"]: id_of(i),
            name["text"]: texts[i % len(texts)],
            name["created"]: start + timedelta(days=i // 10 * 20),
            name["flag"]: i % 3 == 0,
            name["number"]: None if i % 7 == 0 else i,
            name["day"]: start.date() if i % 5 else None,
        }
        for i in range(count)
    ]
    fields = tuple(ServedField(name[part], kinds[part]) for part in name)
    return ServedObject("", fields, records)


def as_read(cell: str | None) -> str | None:
    """What a text is once it was a cell of CSV: an empty one and NULL are the same."""
    return cell or None


def table_of(snapshot: Snapshot, name: str) -> pa.Table:
    """One object of a snapshot."""
    return pq.read_table(snapshot.path_of(name))
