"""Somebody who may write to the ledger does: junk rows, voids that are cut off, older copies.

Each is given a world, the number of an audit and a label that says what is done, and returns the
processes that met it, ended. What was done is mended in the end, as the documentation says.
"""

import shutil
from functools import partial
from pathlib import Path

import psycopg
from securesystemslib.signer import CryptoSigner
from sqlalchemy import insert
from sqlalchemy.engine import make_url

from fairness_audit.errors import LedgerError
from fairness_audit.ledger.database import Database
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.keys import PublishingKey, load_trusted_keys
from fairness_audit.ledger.opened import open_entries
from fairness_audit.ledger.table import ledger_table
from fairness_audit.records.signed.dsse import digest_of_envelope, sign
from fairness_audit.steps.publish import publish_void
from tests.builders.published import a_record
from tests.torture import kills
from tests.torture.children import Child, Tell
from tests.torture.faults import steps
from tests.torture.world import NOW, World

STRANGER = CryptoSigner.generate_ed25519()
ROUNDS = 4


def junk_rows(world: World, number: int, label: str) -> list[Child]:
    """So many rows that chain and parse, and one that does not; then an audit; then the cure."""
    kills.finished(world, number + 1)

    def put_in(tell: Tell) -> None:
        for each in range(int(label)):
            _put_in(world, f"{number}/{each}")
        try:
            _put_in(world, "junk", envelope="junk")
        except LedgerError:
            tell("refused")

    intruder = Child.forked(put_in).ended()
    assert intruder.all("refused"), "the database took what does not parse"
    audited = Child.forked(lambda tell: _audited(world, number, tell)).ended()
    assert audited.errors, "it was published behind a row that nobody signed"
    return [audited, Child.forked(lambda _: void_all(world)).ended()]


def voids(world: World, number: int, label: str) -> list[Child]:
    """The cure is killed after so many microseconds, again and again; then it is run whole."""
    kills.finished(world, number + 1)
    _put_in(world, f"{number}/voided")
    cut_off = []
    for times in range(ROUNDS):
        child = Child.forked(lambda _: void_all(world))
        child.for_seconds(int(label) * (times + 1) / 1e6)
        child.kill()
        cut_off.append(child.ended())
    return [*cut_off, Child.forked(lambda _: void_all(world)).ended()]


def older_copy(world: World, number: int, label: str) -> list[Child]:
    """Ledger and heads are put back to before an audit, which then is made; then they are mended.

    ``all`` puts both back, ``ledger`` keeps the newer heads.
    """
    kills.finished(world, number + 1)
    names = ["ledger.db", *(["heads"] if label.startswith("all") else [])]
    before, newest = (world.folder / name for name in ("copy-before", "copy-newest"))
    _copy(world.folder, before, names)
    kills.finished(world, number)
    _copy(world.folder, newest, names)
    _copy(before, world.folder, names)
    audited = Child.forked(lambda tell: _audited(world, number, tell)).ended()
    assert audited.errors, "it was published into an older copy"
    _copy(newest, world.folder, names)
    return [audited]


def strangers_locks(world: World, number: int, label: str) -> list[Child]:
    """Who may merely connect holds every lock that it can think of, and nobody waits for it."""
    assert world.address is not None
    uri = make_url(world.address).set(drivername="postgresql").render_as_string(False)
    with psycopg.connect(uri) as connection:
        for key in (0x46414952, int(label)):
            connection.execute("SELECT pg_advisory_lock(%s)", [key])
        audited = Child.forked(lambda tell: _audited(world, number, tell)).ended()
        connection.execute("SELECT pg_advisory_unlock_all()")
    assert not audited.errors, audited.errors
    return [audited]


def void_all(world: World) -> None:
    """What an operator does: void every row that is no record, one by one."""
    trusted = partial(load_trusted_keys, world.settings.trusted_keys)
    ledger = world.ledger
    genuine = {each.signed.record.seq for each in open_entries(ledger.all(), trusted()).kept}
    for entry in ledger.all():
        if entry.seq not in genuine:
            publish_void(
                entry.seq,
                "junk",
                ledger=ledger,
                signer=PublishingKey(world.settings),
                trusted=trusted,
                records=world.settings.records,
                now=NOW,
            )


def _put_in(world: World, version: str, **changes: str) -> None:
    last = world.ledger.all()[-1]
    record = a_record(
        seq=last.seq + 1, prev=digest_of_envelope(last.envelope), model_version=version
    )
    values = Entry.of(sign(record, STRANGER)).values | changes
    with Database(world.settings.ledger_url, 30).writing() as connection:
        connection.execute(insert(ledger_table).values(values))


def _audited(world: World, number: int, tell: Tell) -> None:
    tell("gate said", world.audit(number, steps(tell)))


def _copy(source: Path, target: Path, names: list[str]) -> None:
    target.mkdir(exist_ok=True)
    for name in names:
        if (source / name).is_dir():
            shutil.rmtree(target / name, ignore_errors=True)
            shutil.copytree(source / name, target / name)
        else:
            shutil.copy(source / name, target / name)
