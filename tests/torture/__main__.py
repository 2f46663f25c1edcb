"""Run the campaign: ``python -m tests.torture --seed 1 --points 10 --kills 500``."""

import argparse
import logging
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from fairness_audit.demo.services import pgserver
from tests.torture.campaign import Campaign, Kind, Outcome, named
from tests.torture.children import Child, Tell
from tests.torture.kinds import all_kinds
from tests.torture.sabotage import SABOTAGES

VARIABLE = "FAIRNESS_AUDIT_TEST_POSTGRES"


def main() -> int:
    given = _arguments()
    logging.disable(logging.CRITICAL)
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="torture-") as folder, _databases(given) as databases:
        campaign = Campaign(Path(folder), given.seed, databases)
        if given.broken:
            return _broken(campaign, given)
        outcomes = list(_run(campaign, all_kinds(campaign), given))
    print(named(outcomes))
    harms = [each for outcome in outcomes for each in outcome.says]
    for says in harms[:50]:
        print(says.splitlines()[0])
    if harms:
        print(f"again: make torture SEED={given.seed} POINT='<kind>:<label>@<version>'")
    return 1 if harms else 0


def _broken(campaign: Campaign, given: argparse.Namespace) -> int:
    """Break the product in each way: it must be noticed, and found again by its point's name."""
    kinds = all_kinds(campaign)
    (kind,) = (each for each in kinds if each.name == given.kinds)

    def work(tell: Tell, name: str) -> None:
        SABOTAGES[name]()
        harms = campaign.run(kind, given.points).says
        noticed = [each for each in harms if f": {name}: " in each]
        points = [each.split(": ")[0] for each in harms if "@" in each.split(": ")[0]]
        # A reader has no point of its own: it looks all the time.
        point = points[0].partition(":")[2] if points else "none@2"
        again = campaign.run_again(kind, point)
        tell("noticed", len(noticed), sum(again.harms.values()))

    missed = 0
    for name in sorted(SABOTAGES):
        child = Child.forked(partial(work, name=name)).ended()
        (noticed,) = child.all("noticed") or [[0, 0]]
        missed += not all(noticed)
        print(f"{name}: noticed {noticed[0]}, again {noticed[1]}", *child.errors, flush=True)
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--points", type=int, default=12, help="of every kind that kills nobody")
    parser.add_argument("--kills", type=int, default=600, help="over all kinds that kill")
    parser.add_argument(
        "--point", help="one point alone, as it is printed: <kind>:<label>@<version>"
    )
    parser.add_argument("--kinds", help="only these, with commas between")
    parser.add_argument("--without-postgres", action="store_true")
    parser.add_argument("--broken", action="store_true", help="see that it notices anything")
    return parser.parse_args()


def _run(campaign: Campaign, kinds: list[Kind], given: argparse.Namespace) -> Iterator[Outcome]:
    if given.point:
        name, _, label = given.point.partition(":")
        (kind,) = (each for each in kinds if each.name == name)
        yield campaign.run_again(kind, label)
        return
    if given.kinds:
        kinds = [each for each in kinds if each.name in given.kinds.split(",")]
    killing = [each for each in kinds if each.kills]
    for kind in kinds:
        began = time.monotonic()
        count = max(given.points, -(-given.kills // len(killing))) if kind.kills else given.points
        yield (outcome := campaign.run(kind, count))
        print(
            f"{kind.name}: {outcome.points} points, {outcome.kills} kills,"
            f" {sum(outcome.harms.values())} harms, {time.monotonic() - began:.0f} s",
            flush=True,
        )


@contextmanager
def _databases(given: argparse.Namespace) -> Iterator[Callable[[], str] | None]:
    """Give empty databases on a server of its own, or on the one that is named."""
    if given.without_postgres:
        yield None
        return
    server = None
    with tempfile.TemporaryDirectory(prefix="torture-postgres-") as folder:
        if not (uri := os.environ.get(VARIABLE)):
            server = pgserver().get_server(folder, cleanup_mode="delete")
            uri = server.get_uri()
        made: list[str] = []

        def database() -> str:
            made.append(f"torture_{os.getpid()}_{len(made)}")
            with psycopg.connect(uri, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {made[-1]}")
            parts = urlsplit(uri)
            return parts._replace(scheme="postgresql+psycopg", path=f"/{made[-1]}").geturl()

        try:
            yield database
        finally:
            with psycopg.connect(uri, autocommit=True) as connection:
                for name in made:
                    connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            if server is not None:
                server.cleanup()


if __name__ == "__main__":
    raise SystemExit(main())
