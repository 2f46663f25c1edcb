"""The kinds of faults, the points of each, and what is checked after every one."""

import itertools
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fairness_audit.errors import AuditError
from fairness_audit.ledger.keys import load_trusted_keys
from fairness_audit.ledger.verified import verified_ledger
from tests.torture import faults, kills
from tests.torture.checks import (
    ALLOWED,
    HALF,
    HARMS,
    LOST,
    Harm,
    allowed_wrongly,
    harms_of,
    looked_at,
    watch,
)
from tests.torture.children import Child, Tell
from tests.torture.world import World, fails

AUDITS_PER_WORLD = 12
PLAIN = ("RecordError", "LedgerError", "LedgerAbsent", "SourceError", "RegistryError",
         "SettingsError", "UntrustedRecord", "OSError", "FileNotFoundError", "NotADirectoryError",
         "FileExistsError", "PermissionError")  # fmt: skip
"""Errors that say what an operator can do, or what the system said."""

Meet = Callable[[World, int, str], list[Child]]


@dataclass(frozen=True)
class Kind:
    """A kind of fault; ``labels`` of so many points; where its ledger and folder are."""

    name: str
    meet: Meet
    labels: Callable[[random.Random, int], list[str]]
    postgres: bool = False
    tiny_disk: bool = False
    readers_see: bool = True
    kills: bool = False


@dataclass
class Outcome:
    """What became of the points of one kind."""

    kind: str
    points: int = 0
    kills: int = 0
    refused: int = 0
    harms: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    says: list[str] = field(default_factory=list)

    def harmed(self, point: str, harms: list[Harm]) -> None:
        for what, says in harms:
            self.harms[what] += 1
            self.says.append(f"{self.kind}:{point}: {what}: {says}")


class Campaign:
    """Worlds in a folder, made anew every few audits; ``databases`` gives an empty PostgreSQL."""

    def __init__(self, folder: Path, seed: int, databases: Callable[[], str] | None) -> None:
        self.folder, self.seed, self.databases = folder, seed, databases
        self._worlds = 0
        self._warm()

    def _warm(self) -> None:
        """Import here what every process would import anew."""
        with self._folder() as folder:
            world = World.made(folder)
            world.audit(1)
            kills.replaced(world)
            assert not [*harms_of(world, set()), *looked_at(world)]

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        self._worlds += 1
        folder = self.folder / f"world-{self._worlds}"
        folder.mkdir()
        yield folder
        shutil.rmtree(folder)

    def run(self, kind: Kind, count: int) -> Outcome:
        """Meet so many points of a kind."""
        labels = kind.labels(random.Random(f"{self.seed}/{kind.name}"), count)
        outcome = Outcome(kind.name)
        for start in range(0, len(labels), AUDITS_PER_WORLD):
            with self._world(kind, outcome) as world:
                # Versions between are for who runs at the same time; every third fails its audit.
                # The first one meets a ledger that is not there yet.
                versions = itertools.count(2, 2)
                published: set[str] = set()
                for label in labels[start : start + AUDITS_PER_WORLD]:
                    _meet(world, next(versions), label, kind, published, outcome)
        return outcome

    def run_again(self, kind: Kind, point: str) -> Outcome:
        """Meet one point as it was met: ``<label>@<version>``."""
        label, _, version = point.rpartition("@")
        outcome = Outcome(kind.name)
        with self._world(kind, outcome) as world:
            for before in range(2, int(version), 2):
                kills.finished(world, before)
            _meet(world, int(version), label, kind, set(), outcome)
        return outcome

    @contextmanager
    def _world(self, kind: Kind, outcome: Outcome) -> Iterator[World]:
        with self._folder() as folder, _disk(folder, kind.tiny_disk):
            world = World.made(folder, self._database(kind.postgres))
            if kind.name == "rotate":  # there must be something that the old key signed
                kills.finished(world, 1)
            with _watched(world, kind, outcome):
                yield world

    def scratch(self, work: kills.Work, *, postgres: bool = False) -> dict[str, list[str]]:
        """The lines that a run goes over, in a world with one record."""
        with self._folder() as folder:
            world = World.made(folder, self._database(postgres))
            kills.finished(world, 1)
            return kills.points_of(world, 2, work)

    def seconds(self) -> dict[str, float]:
        """How long each step of a run takes here."""
        with self._folder() as folder:
            world = World.made(folder)

            def timed(tell: Tell) -> None:
                began = time.monotonic()
                world.audit(1, lambda name: tell("at", name.split()[0], time.monotonic() - began))

            moments = Child.forked(timed).ended().all("at")
        following = itertools.pairwise(moments)
        return {name: after - before for (name, before), (_, after) in following}

    def _database(self, postgres: bool) -> str | None:
        return self.databases() if postgres and self.databases else None


@contextmanager
def _disk(folder: Path, tiny: bool) -> Iterator[None]:
    """A disk of 4 MiB in the folder, if wanted."""
    if not tiny:
        yield
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def _meet(
    world: World, version: int, label: str, kind: Kind, published: set[str], outcome: Outcome
) -> None:
    """Let it go wrong, run it again to its end, and look at everything."""
    point = f"{label}@{version}"
    met = kind.meet(world, version, label)
    outcome.points += 1
    outcome.kills += sum(each.killed for each in met)
    for child in met:
        published |= {each for (each,) in child.all("published")}
        outcome.refused += len(child.errors)
        unclear = [each for each in child.errors if each.partition(":")[0] not in PLAIN]
        outcome.harmed(point, [("unclear error", each) for each in unclear])
    for audited in (version, version + 1) if kind.meet is faults.together else (version,):
        outcome.harmed(point, _recovered(world, audited, label, kind, published))


@contextmanager
def _watched(world: World, kind: Kind, outcome: Outcome) -> Iterator[None]:
    """A reader looks at the world all the time."""
    if not kind.readers_see:
        yield
        return
    reading, writing = os.pipe()

    def work(tell: Tell) -> None:
        os.close(writing)  # so that it ends where the campaign does, however that ends
        watch(world, tell, reading)

    reader = Child.forked(work)
    try:
        yield
    finally:
        os.write(writing, b".")
        reader.ended()
        os.close(reading)
        os.close(writing)
    outcome.rounds += sum(rounds for (rounds,) in reader.all("rounds"))
    outcome.harmed("reader", [(what, says) for what, says in reader.all("harm")])
    outcome.harmed("reader", [(HALF, error) for error in reader.errors])


def _recovered(
    world: World, number: int, label: str, kind: Kind, published: set[str]
) -> list[Harm]:
    """What is wrong when it was run again to its end."""

    def work(tell: Tell) -> None:
        for harm in _promoted_too_early(world):
            tell("harm", *harm)
        if kind.name == "rotate":
            kills.replaced(world)
        acknowledged: list[str] = []

        def step(name: str) -> None:
            tell(*name.split())
            acknowledged.extend(name.split()[1:])

        tell("gate said", world.audit(number, step))
        for harm in harms_of(world, published | set(acknowledged)):
            tell("harm", *harm)

    child = Child.forked(work).ended()
    published |= {each for (each,) in child.all("published")}
    harms: list[Harm] = [(what, says) for what, says in child.all("harm")]
    harms += [(LOST, f"it cannot be run to its end: {error}") for error in child.errors]
    wanted = "allow" if _may_pass(number, label, kind) else "block"
    for (said,) in child.all("gate said"):
        if said != wanted:
            harms.append((ALLOWED if said == "allow" else LOST, f"the gate said {said}"))
    return harms


def _promoted_too_early(world: World) -> list[Harm]:
    """Also before anything is mended, nothing is promoted that was not published."""
    try:
        trusted = load_trusted_keys(world.settings.trusted_keys)
        records = verified_ledger(world.ledger, trusted)
    except AuditError:  # what is there counts for nothing; what was promoted before, stays
        return []
    return [*allowed_wrongly(world, records)]


def _may_pass(number: int, label: str, kind: Kind) -> bool:
    if kind.meet is faults.clock_off:
        return int(label) <= 5 and not fails(number)  # else issued in the gate's future
    return not fails(number)


def named(outcomes: list[Outcome]) -> str:
    """The table."""
    columns = [*HARMS, "unclear error"]
    head = f"{'kind':<22}{'points':>7}{'kills':>7}{'refused':>9}{'looks':>8}"
    head += "".join(f"{each:>14}" for each in columns)
    lines = [head]
    total = Outcome("all")
    for each in outcomes:
        total.points += each.points
        total.kills += each.kills
        total.refused += each.refused
        total.rounds += each.rounds
        total.harms += each.harms
    for each in [*outcomes, total]:
        line = f"{each.kind:<22}{each.points:>7}{each.kills:>7}{each.refused:>9}{each.rounds:>8}"
        lines.append(line + "".join(f"{each.harms[harm]:>14}" for harm in columns))
    return "\n".join(lines)
