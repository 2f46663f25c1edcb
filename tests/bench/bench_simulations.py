"""How often intervals hold the truth and tests reject it, over many simulated samples."""

import math

import pytest

from tests.bench.pages import show
from tests.builders import simulations, weighted_samples

COVERAGE = simulations.COVERAGE | weighted_samples.COVERAGE
SIZES = simulations.SIZES | weighted_samples.SIZES
RUNS = 20_000


@pytest.mark.timeout(7200)
def test_shares() -> None:
    lines = []
    for name, simulation in (COVERAGE | SIZES).items():
        share, covers = simulation(RUNS), name in COVERAGE
        error = math.sqrt(share * (1 - share) / RUNS)
        told = (f"{100 * share:.2f} % ± {100 * error:.2f}", "")
        lines.append((name.replace("_", " "), *(told if covers else reversed(told))))
        print(" | ".join(lines[-1]), flush=True)
        # Wilson's interval swings around its level from rate to rate: 93.3 % at this one.
        assert share >= 0.93 if covers else share <= 0.07
    show("coverage", ("of", "intervals that hold the truth", "tests that reject it"), lines)


@pytest.mark.timeout(3600)
def test_figures_about_groups_alike() -> None:
    found = weighted_samples.weighted_fair_models(RUNS // 10)
    print(f"\n{RUNS // 10:,} fair models of three groups, weights 1 to 5")
    for name, truth in weighted_samples.FAIR.items():
        covered = sum(low <= truth <= high for low, high in found[name]) / len(found[name])
        print(f"{name:<45} {100 * covered:6.2f} % of intervals hold the truth")
        assert covered >= 0.93
