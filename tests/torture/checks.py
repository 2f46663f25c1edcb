"""What must be true of a world at any moment, and what a reader of it may see."""

import json
import select
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from fairness_audit.errors import AuditError, LedgerError, RecordError
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.keys import load_trusted_keys
from fairness_audit.ledger.opened import open_entries
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.ledger.verify import verify_records
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.dsse import open_envelope
from fairness_audit.records.signed.place import place_of
from fairness_audit.records.signed.statement import Record
from fairness_audit.steps.extract import read_snapshot
from fairness_audit.steps.extract.manifest import MANIFEST
from tests.builders.published import MODEL
from tests.torture.children import Tell
from tests.torture.world import ALIAS, World, is_no_ledger

LOST, DOUBLED, FORGED, HALF, ALLOWED = "lost", "doubled", "forged", "half visible", "allowed"
HARMS = (LOST, DOUBLED, FORGED, HALF, ALLOWED)

Harm = tuple[str, str]


def harms_of(world: World, acknowledged: set[str]) -> Iterator[Harm]:
    """What is wrong when everything has been run to its end."""
    trusted = load_trusted_keys(world.settings.trusted_keys)
    try:
        records = verified_ledger(world.ledger, trusted)
    except AuditError as error:
        yield FORGED, f"ledger: {error}"
        return
    ids = [record.record_id for record in records]
    yield from ((LOST, f"{each[:12]} is not in the ledger") for each in acknowledged - set(ids))
    audits = Counter(each.model_version for each in records if isinstance(each, AuditRecord))
    yield from ((DOUBLED, f"version {each}") for each, times in audits.items() if times > 1)
    yield from _file_harms(world, records)
    yield from ((LOST, fault) for fault in world.evidence.faults(records))
    yield from allowed_wrongly(world, records)
    left = [each.name for each in world.folder.rglob(".*.part") if "runs" not in each.parts]
    if len(left) > 200:
        yield HALF, f"{len(left)} temporary files were left"


def allowed_wrongly(world: World, records: list[Record]) -> Iterator[Harm]:
    """The alias may name only a version whose published audit passed."""
    target = world.registry.alias_target(MODEL, ALIAS)
    passed = {each.model_version for each in records if each.outcome == "pass"}
    if target is not None and target not in passed:
        yield ALLOWED, f"version {target} was promoted without a record"


def _file_harms(world: World, records: list[Record]) -> Iterator[Harm]:
    trusted = load_trusted_keys(world.settings.trusted_keys)
    verification = verify_records(world.settings.records, Heads(world.settings.heads), trusted)
    yield from ((FORGED, str(fault)) for fault in verification.faults)
    files = {record.record_id for record in verification.records}
    for kept in open_entries(world.ledger.all(), trusted).kept:
        signed = kept.signed
        file = world.settings.records / place_of(signed.record)
        if signed.record.record_id not in files or file.read_bytes() != signed.envelope:
            yield LOST, f"{file.name} is not what is in the ledger"
    heads = {head.seq for head in Heads(world.settings.heads).all(trusted)}
    yield from ((LOST, f"head of {each.seq}") for each in records if each.seq not in heads)


def watch(world: World, tell: Tell, stop: int) -> None:
    """Read everything again and again, as a gate, a site and a reviewer do, until told to stop."""
    rounds = 0
    while not select.select([stop], [], [], 0.003)[0]:
        for harm in looked_at(world):
            tell("harm", *harm)
        rounds += 1
    tell("rounds", rounds)


def looked_at(world: World) -> list[Harm]:
    """What a reader meets that it must not."""
    return [*_unreadable(world), *_ledger_seen(world)]


def _ledger_seen(world: World) -> Iterator[Harm]:
    trusted = load_trusted_keys(world.settings.trusted_keys)
    target = world.registry.alias_target(MODEL, ALIAS)
    try:
        records = verified_ledger(world.ledger, trusted)
    except RecordError as error:
        # The very first record, before its head: a ledger without any head allows nothing.
        if "there is no signed head of 1 records" not in str(error):
            yield HALF, f"ledger: {error}"
        return
    except LedgerError as error:
        # None yet, or for the moment no answer: whoever asks then is refused, and asks again.
        if target is not None and is_no_ledger(error):
            yield LOST, str(error)
        return
    passed = {each.model_version for each in records if each.outcome == "pass"}
    if target is not None and target not in passed:
        yield ALLOWED, f"a reader saw version {target} promoted without a record"


def _unreadable(world: World) -> Iterator[Harm]:
    trusted = load_trusted_keys(world.settings.trusted_keys)
    for folder, read in ((world.settings.records, _record), (world.folder / "heads", _json)):
        for file in folder.rglob("*.json"):
            yield from _tried(file, read, trusted)
    newest = sorted((world.folder / "runs").glob("*"), key=_by_number)[-3:]
    for run in newest:
        for name, read in (
            ("decision.json", _json), ("report.json", _json), ("measurements.parquet", _table),
        ):  # fmt: skip
            if (run / name).exists():
                yield from _tried(run / name, read, trusted)
        yield from _snapshot_seen(run / "snapshot")


def _by_number(folder: Path) -> int:
    return int(folder.name.partition("-")[0])


def _tried(file: Path, read: Any, trusted: Any) -> Iterator[Harm]:
    try:
        read(file, trusted)
    except Exception as error:  # whatever it is, a reader met it
        yield HALF, f"{file.name}: {type(error).__name__}: {error}"


def _record(file: Path, trusted: Any) -> None:
    open_envelope(file.read_bytes(), trusted)


def _json(file: Path, _: Any) -> None:
    json.loads(file.read_bytes())


def _table(file: Path, _: Any) -> None:
    pq.read_table(file)


def _snapshot_seen(folder: Path) -> Iterator[Harm]:
    """A snapshot that is there is whole, unless it vanished while it was being read."""
    manifest = folder / MANIFEST
    try:
        before = manifest.stat()
        read_snapshot(folder)
    except FileNotFoundError:
        return
    except AuditError as error:
        try:
            after = manifest.stat()
        except FileNotFoundError:
            return
        if (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns):
            yield HALF, f"snapshot: {error}"
