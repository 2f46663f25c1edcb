"""Processes that are killed while an audit is published: at a line, or at some moment."""

from collections import defaultdict
from collections.abc import Callable

from fairness_audit.ledger.keys import load_trusted_keys, replace_signing_key
from fairness_audit.ledger.verified import verified_ledger
from tests.torture.children import Child, Tell
from tests.torture.points import Tracer, die
from tests.torture.world import World

Work = Callable[[World, int, Callable[[str], None]], None]


def audit(world: World, number: int, step: Callable[[str], None]) -> None:
    """What a run does."""
    world.audit(number, step)


def rotate(world: World, number: int, step: Callable[[str], None]) -> None:
    """What ``ledger rotate-key`` does, and an audit after it."""
    step("rotate")
    replaced(world)
    world.audit(number, step)


def replaced(world: World) -> None:
    """Replace the signing key."""
    with world.ledger.holding():
        trusted = load_trusted_keys(world.settings.trusted_keys)
        replace_signing_key(world.settings, len(verified_ledger(world.ledger, trusted)))


def finished(world: World, number: int) -> None:
    """Audit in a process of its own, and nothing goes wrong."""
    child = Child.forked(lambda _: audit(world, number, lambda _: None)).ended()
    assert not child.errors, child.errors


def points_of(world: World, number: int, work: Work) -> dict[str, list[str]]:
    """Every line that a run goes over, by section, in order."""

    def traced(tell: Tell) -> None:
        places: list[str] = []
        tracer = Tracer(places.append)
        tracer.start()
        work(world, number, tracer.step)
        for place in places:
            tell("place", place)

    child = Child.forked(traced).ended()
    assert not child.errors, child.errors
    found: dict[str, list[str]] = defaultdict(list)
    for (place,) in child.all("place"):
        found[place.partition(":")[0]].append(place)
    return found


def killed_at(world: World, number: int, place: str, work: Work) -> Child:
    """Kill it when it reaches a line."""

    def traced(tell: Tell) -> None:
        tracer = Tracer(lambda reached: die() if reached == place else None)

        def step(name: str) -> None:
            tracer.step(name)
            tell(*name.split())

        tracer.start()
        work(world, number, step)

    return Child.forked(traced).ended()


def killed_after(world: World, number: int, step: str, seconds: float) -> Child:
    """Kill it so long after it began a step, wherever it is then, also within a write."""
    child = Child.forked(lambda tell: audit(world, number, lambda name: tell(*name.split())))
    if child.until(step):
        child.for_seconds(seconds)
        child.kill()
    return child.ended()
