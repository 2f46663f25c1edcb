"""Only what changed is read, and what comes of it is what a full reading gives, byte for byte."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.snapshot import ObjectFile
from fairness_audit.sources.postgres import PostgresSource
from fairness_audit.steps.extract import extract
from fairness_audit.steps.extract import rebuild as rebuilding
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.populations import SQL

COLUMNS = ["id", "name", "modified_at"]


@dataclass
class Crm:
    """A table of leads that changes, and the audits of it."""

    connection: psycopg.Connection[Any]
    uri: str
    folder: Path
    loaded: LoadedPolicy
    runs: int = 0
    files: list[ObjectFile] = field(default_factory=list)

    def change(self, *statements: str) -> None:
        for each in statements:
            self.connection.execute(each)  # type: ignore[call-overload]

    def audit(self) -> ObjectFile:
        """Extract in a run of its own, after what was extracted before."""
        self.runs += 1
        snapshot = extract(
            self.loaded,
            logical_date=datetime.now(UTC),
            source=PostgresSource(self.uri),
            folder=self.folder / f"run {self.runs}",
            sql=SQL,
            kept=self.folder / "kept",
        )
        self.files.append(snapshot.objects["lead"])
        rows = pq.read_table(snapshot.path_of("lead")).to_pylist()
        stored = self.connection.execute("SELECT * FROM crm.leads ORDER BY id").fetchall()
        assert [tuple(row.values()) for row in rows] == stored
        return self.files[-1]

    @property
    def run(self) -> Path:
        """The folder of the last audit's snapshot."""
        return self.folder / f"run {self.runs}"

    def parts(self) -> list[Path]:
        return sorted((self.folder / "kept").rglob("*.parquet"))

    def kinds(self) -> list[str]:
        """What each audit read, but for the keys."""
        kinds = [path.stem.rpartition("-")[2] for path in self.parts()]
        return [kind for kind in kinds if kind != "keys"]


@pytest.fixture
def crm(postgres_uri: str, tmp_path: Path) -> Iterator[Crm]:
    declared = an_object("leads", COLUMNS, modified_on="modified_at")
    loaded = a_loaded_policy(tmp_path, lead=declared)
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA crm")
        connection.execute("CREATE TABLE crm.leads (id int, name text, modified_at timestamptz)")
        connection.execute(
            "INSERT INTO crm.leads SELECT i, 'lead ' || i, now() - interval '3 days'"
            " FROM generate_series(1, 500) AS i"
        )
        yield Crm(connection, postgres_uri, tmp_path, loaded)


def test_after_the_first_reading_only_changes_are_read(crm: Crm) -> None:
    crm.audit()
    crm.change(
        "UPDATE crm.leads SET name = 'changed', modified_at = now() WHERE id = 7",
        "INSERT INTO crm.leads VALUES (501, 'new', now())",
        "DELETE FROM crm.leads WHERE id = 9",
    )
    stored = crm.audit()
    assert crm.kinds() == ["full", "changes"]
    (changes,) = [path for path in crm.parts() if "changes" in path.name]
    assert pq.read_table(changes)["id"].to_pylist() == [7, 501]
    assert (stored.rows_at_source, stored.rows_written) == (500, 500)


def test_nothing_changed_gives_the_same_bytes(crm: Crm) -> None:
    assert crm.audit().sha256 == crm.audit().sha256
    assert crm.kinds() == ["full", "changes"]


def test_a_row_that_was_committed_late_is_caught_by_the_look_back(crm: Crm) -> None:
    """Its stamp is that of the beginning of its transaction, before the reading it missed."""
    crm.audit()
    crm.change("INSERT INTO crm.leads VALUES (600, 'late', now() - interval '20 minutes')")
    crm.audit()
    assert crm.kinds() == ["full", "changes"]


def test_a_row_that_is_later_than_the_look_back_has_everything_read_anew(crm: Crm) -> None:
    crm.audit()
    crm.change("INSERT INTO crm.leads VALUES (600, 'too late', now() - interval '2 days')")
    crm.audit()
    assert crm.kinds() == ["full", "changes", "full"]


def test_a_row_that_was_deleted_and_came_back_is_there(crm: Crm) -> None:
    crm.audit()
    crm.change("DELETE FROM crm.leads WHERE id = 3")
    crm.audit()
    crm.change("INSERT INTO crm.leads VALUES (3, 'back', now())")
    crm.audit()
    assert crm.kinds() == ["full", "changes", "changes"]


def test_a_change_without_a_stamp_is_caught_by_the_refresh(crm: Crm) -> None:
    """A formula: its value changes, and nothing says so."""
    crm.audit()
    (listed,) = (crm.folder / "kept").rglob("parts.json")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    long_ago = f"{datetime.now(UTC) - timedelta(days=8):%Y-%m-%d}"
    listed.write_text(listed.read_text().replace(today, long_ago))
    crm.change("UPDATE crm.leads SET name = 'formula'")
    crm.audit()
    assert crm.kinds() == ["full", "full"]


def test_a_part_that_was_changed_is_not_trusted(crm: Crm) -> None:
    crm.audit()
    (part,) = [path for path in crm.parts() if "full" in path.name]
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    crm.audit()
    assert crm.kinds() == ["full", "full"]


def test_other_columns_begin_anew(crm: Crm) -> None:
    crm.audit()
    columns = ["id", "modified_at"]
    declared = an_object("leads", columns, modified_on="modified_at")
    loaded = a_loaded_policy(crm.folder / "other", lead=declared)
    snapshot = extract(
        loaded,
        logical_date=datetime.now(UTC),
        source=PostgresSource(crm.uri),
        folder=crm.folder / "other run",
        sql=SQL,
        kept=crm.folder / "kept",
    )
    assert pq.read_schema(snapshot.path_of("lead")).names == columns
    assert crm.kinds() == ["full", "full"]


def rebuilt(crm: Crm, folder: Path) -> list[str]:
    kept, modified = crm.folder / "kept", {"lead": "modified_at"}
    return list(rebuilding.differences(folder, kept=kept, modified_on=modified, sql=SQL))


def test_a_past_snapshot_can_be_made_again_from_its_parts(crm: Crm) -> None:
    crm.audit()
    crm.change("UPDATE crm.leads SET name = 'second', modified_at = now() WHERE id < 50")
    second = crm.audit()
    folder = crm.run
    crm.change(
        "UPDATE crm.leads SET name = 'third', modified_at = now() WHERE id < 90",
        "DELETE FROM crm.leads WHERE id > 400",
    )
    crm.audit()
    assert len(second.parts) == 3
    assert rebuilt(crm, folder) == []
    for listed in (crm.folder / "kept").rglob("parts.json"):
        listed.unlink()  # as when everything is read anew
    assert rebuilt(crm, folder) == []
    assert rebuilt(crm, crm.run) == []


def test_what_it_cannot_be_made_of_is_named(crm: Crm) -> None:
    crm.audit()
    crm.change("UPDATE crm.leads SET name = 'second', modified_at = now() WHERE id < 50")
    crm.audit()
    (changes,) = (path for path in crm.parts() if "changes" in path.name)
    changes.write_bytes(changes.read_bytes() + b"x")
    (said,) = rebuilt(crm, crm.run)
    assert said.startswith(f"lead: {changes} is not what was read")
    changes.unlink()
    (said,) = rebuilt(crm, crm.run)
    assert said.endswith("is not kept any more (a later reading of everything replaced it)")


def test_without_a_place_to_keep_parts_all_rows_are_read(crm: Crm, tmp_path: Path) -> None:
    snapshot = extract(
        crm.loaded,
        logical_date=datetime.now(UTC),
        source=PostgresSource(crm.uri),
        folder=tmp_path / "run",
        sql=SQL,
    )
    assert snapshot.objects["lead"].rows_written == 500
    assert snapshot.objects["lead"].parts == ()
