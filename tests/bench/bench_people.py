"""How often tests and intervals by subject err, over many simulated samples."""

import pytest

from tests.builders.people import ALIKE, EACH, Design, ignored, simulated

RUNS = 10_000
LARGE = [(40, 40), (40, 400), (150, 150)]
SMALL = [(5, 5), (5, 400), (10, 10), (10, 400), (20, 20)]


def designs(sizes: list[tuple[int, int]], rates: tuple[float, ...]) -> list[Design]:
    return [
        Design(*size, each, alike, rate)
        for size in sizes
        for rate in rates
        for alike in ALIKE
        for each in EACH
    ]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("design", designs(LARGE, (0.2, 0.4)), ids=str)
def test_from_forty_persons_a_group_on(design: Design) -> None:
    found = simulated(design, RUNS)
    print(f"\n{design}: {found}, by rows {ignored(design, RUNS):.3f}")
    assert 0.035 <= found.rejected <= 0.065
    assert min(found.rate, found.difference, found.ratio) >= 0.93


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "design",
    [
        *designs(SMALL, (0.1, 0.2, 0.4)),
        *designs(LARGE, (0.1,)),
        *(Design(20, 400, 8, alike, 0.4, unevenly=True) for alike in ALIKE),
        *(Design(40, 40, 8, alike, 0.1, unevenly=True) for alike in ALIKE),
    ],
    ids=str,
)
def test_of_few_persons_or_rarely_selected(design: Design) -> None:
    """Where few are expected to be selected, the exact test is cautious, as it is of rows."""
    found = simulated(design, RUNS)
    print(f"\n{design}: {found}, by rows {ignored(design, RUNS):.3f}")
    assert found.rejected <= 0.07
    assert min(found.rate, found.difference, found.ratio) >= 0.925
