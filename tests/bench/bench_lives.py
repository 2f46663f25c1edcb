"""What is promised of a version's life, through every path to a block, at full size, as a table.

Run by hand (``pytest -s tests/bench/bench_lives.py``).
"""

import math

import pytest

from tests.bench.pages import show
from tests.builders.made_up_years import YEAR, World, lives
from tests.builders.sample_audits import policy_of
from tests.pure.steps.judge.test_version_lives import MODELS, WEEKLY, at_the_limits, fair, women_at

RUNS = 10_000
WORLDS = {
    "everybody alike": fair,
    "women at .9": women_at(0.9),
    "exactly at both limits": at_the_limits,
    "women at .75": women_at(0.75),
    "women at .7": women_at(0.7),
    "women at .6": women_at(0.6),
    "women at .6 from week 27 on": women_at(0.6, from_week=26),
}
COMPLIANT = ("everybody alike", "women at .9", "exactly at both limits")
HEAD = ("model", "version", "decisions a week", "failed within 4, 13, 26, 52 weeks")
HEAD += ("passes after 13, 26, 52 weeks", "neither after 52")


@pytest.mark.timeout(3600)
def test_lives() -> None:
    lines = []
    for model in MODELS:
        for name, rates in WORLDS.items():
            for weekly in WEEKLY:
                lines.append(_line(model, name, rates, weekly))
                print(" | ".join(lines[-1]), flush=True)
    show("lives", HEAD, lines)


def _line(model: str, name: str, rates: object, weekly: int) -> tuple[str, ...]:
    compliant = name in COMPLIANT
    runs = RUNS if compliant else RUNS // 4
    found = lives(World(policy_of(model), rates, weekly), runs=runs)
    blocked = found.ever(found.failed, YEAR)
    if compliant:
        assert blocked <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    if name == "exactly at both limits":
        assert found.ever(found.passed, YEAR) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    neither = 1 - (found.blocked | found.passed)[:, -1].mean()
    return (
        model,
        name,
        f"{weekly:,}",
        ", ".join(_percent(found.ever(found.failed, week)) for week in (4, 13, 26, 52)),
        ", ".join(_percent(found.passed[:, week - 1].mean()) for week in (13, 26, 52)),
        _percent(neither),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %" if share < 0.1 else f"{100 * share:.0f} %"
