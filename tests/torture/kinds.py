"""All kinds of faults, with the points of each."""

import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.torture import faults, intruders, kills
from tests.torture.campaign import Campaign, Kind
from tests.torture.children import Child
from tests.torture.world import World

SECTIONS = ("extract", "parquet", "between", "append", "head", "file", "hold", "decide", "alias")
DAY = 24 * 60


def all_kinds(campaign: Campaign) -> list[Kind]:
    """What there is on this machine."""
    lines = campaign.scratch(kills.audit)
    found = [_at_lines(section, lines[section]) for section in SECTIONS]
    found.append(_at_lines("rotate", campaign.scratch(kills.rotate)["rotate"], kills.rotate))
    found += _at_moments(campaign.seconds())
    found += _faults()
    if campaign.databases is not None:
        there = campaign.scratch(kills.audit, postgres=True)
        for section in ("append", "hold"):
            name = f"{section} in postgres"
            found.append(_at_lines(name, there[section], postgres=True))
        found += _postgres_faults()
    if _may_mount():
        found.append(Kind("disk full", faults.disk_full, _spread(0, 120), tiny_disk=True))
    return found


def _at_lines(
    name: str, places: list[str], work: kills.Work = kills.audit, *, postgres: bool = False
) -> Kind:
    section = places[0].partition(":")[0]

    def meet(world: World, number: int, place: str) -> list[Child]:
        return [kills.killed_at(world, number, f"{section}:{place}", work)]

    def labels(chance: random.Random, count: int) -> list[str]:
        """As many as there are, in order; all of them before one comes twice."""
        names = [place.partition(":")[2] for place in places]
        times, more = divmod(count, len(names))
        chosen = sorted(chance.sample(range(len(names)), more))
        return [*(names * times), *(names[each] for each in chosen)]

    return Kind(name, meet, labels, postgres=postgres, kills=True)


def _at_moments(seconds: dict[str, float]) -> list[Kind]:
    """Kills at any moment of a step, which is mostly within a write."""
    return [_at_moment(step, seconds[step]) for step in ("extract", "measure", "publish", "gate")]


def _at_moment(step: str, takes: float) -> Kind:
    def meet(world: World, number: int, label: str) -> list[Child]:
        return [kills.killed_after(world, number, step, int(label) / 1e6)]

    def labels(chance: random.Random, count: int) -> list[str]:
        return [str(chance.randrange(int(takes * 1.2e6))) for _ in range(count)]

    return Kind(f"during {step}", meet, labels, kills=True)


def _faults() -> list[Kind]:
    def calls(_: random.Random, count: int) -> list[str]:
        every = [f"{call} {when}" for call in (1, 2, 3) for when in ("before", "after")]
        return [f"{every[each % len(every)]} {each}" for each in range(count)]

    def clocks(_: random.Random, count: int) -> list[str]:
        offsets = [0, 4, 6, 60, DAY, 365 * DAY, -4, -60, -DAY, -28 * DAY, -34 * DAY, -36 * DAY]
        return [str(offsets[each % len(offsets)]) for each in range(count)]

    def places(_: random.Random, count: int) -> list[str]:
        return [f"{('file', 'link', 'mount')[each % 3]} {each}" for each in range(count)]

    def numbers(_: random.Random, count: int) -> list[str]:
        return [str(each + 1) for each in range(count)]

    def copies(_: random.Random, count: int) -> list[str]:
        return [f"{('all', 'ledger')[each % 2]} {each}" for each in range(count)]

    return [
        Kind("file too large", faults.file_too_large, _spread(1, 60_000)),
        Kind("sync fails", faults.sync_fails, numbers),
        Kind("heads gone", faults.heads_gone, places, readers_see=False),
        Kind("registry down", faults.registry_down, calls),
        Kind("clock off", faults.clock_off, clocks),
        Kind("same audit twice", faults.twice, _spread(0, 250)),
        Kind("two publishers", faults.together, _spread(0, 250)),
        Kind("same folder twice", faults.same_folder, _spread(0, 250)),
        Kind("ledger held", faults.ledger_held, _spread(50, 2000)),
        Kind("junk rows", intruders.junk_rows, _spread(1, 4), readers_see=False),
        Kind("voids", intruders.voids, _spread(1_000, 60_000), readers_see=False, kills=True),
        Kind("older copy", intruders.older_copy, copies, readers_see=False),
    ]


def _postgres_faults() -> list[Kind]:
    def openings(_: random.Random, count: int) -> list[str]:
        return [f"{each % 3 + 1} {each}" for each in range(count)]

    return [
        Kind("postgres down", faults.ledger_down, openings, postgres=True),
        Kind("postgres lost", faults.ledger_lost, _spread(0, 9_000), postgres=True),
        Kind("postgres held", faults.ledger_held, _spread(50, 2000), postgres=True),
        Kind("postgres strangers", intruders.strangers_locks, _spread(1, 99), postgres=True),
        Kind(
            "postgres junk", intruders.junk_rows, _spread(1, 4), postgres=True, readers_see=False
        ),
        Kind("postgres publishers", faults.together, _spread(0, 250), postgres=True),
    ]


def _spread(low: int, high: int) -> Callable[[random.Random, int], list[str]]:
    """Numbers between two, evenly but for chance within each part."""

    def labels(chance: random.Random, count: int) -> list[str]:
        width = (high - low) / count
        return [str(int(low + (each + chance.random()) * width)) for each in range(count)]

    return labels


def _may_mount() -> bool:
    folder = Path(tempfile.mkdtemp())
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder],
            capture_output=True, check=False,
        )  # fmt: skip
        if mounted.returncode == 0:
            subprocess.run(["umount", folder], check=True)
        return mounted.returncode == 0
    except FileNotFoundError:
        return False
    finally:
        shutil.rmtree(folder)
