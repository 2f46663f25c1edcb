"""The fault campaign in small, and that it notices what it is there to notice.

`make torture` is the whole of it: every kind, hundreds of kills.
"""

import re
import subprocess
import sys

from tests import CHECKOUT

KINDS = (
    "between,append,head,file,alias,during publish,sync fails,same audit twice,junk rows,voids,"
    "older copy"
)


def campaign(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run it in a process of its own: it forks, which a process with threads must not."""
    return subprocess.run(
        [sys.executable, "-m", "tests.torture", "--without-postgres", "--kills", "1", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


def total(table: str) -> list[int]:
    """Points, kills, refused, looks, and the harms of all kinds."""
    (line,) = re.findall(r"^all +(.+)$", table, re.MULTILINE)
    return [int(each) for each in line.split()]


def test_nothing_is_lost_doubled_forged_or_half_visible() -> None:
    done = campaign("--points", "1", "--kinds", KINDS)
    assert done.returncode == 0, done.stdout + done.stderr
    points, kills, refused, looks, *harms = total(done.stdout)
    assert points == len(KINDS.split(","))
    assert kills >= 5
    assert refused >= 1
    assert looks > points
    assert not any(harms)


def test_a_broken_product_is_noticed_and_the_point_found_again() -> None:
    done = campaign("--points", "3", "--kinds", "head", "--seed", "1", "--broken")
    assert done.returncode == 0, done.stdout + done.stderr
    noticed = dict(
        re.findall(r"^([a-z ]+): noticed (\d+), again [1-9]", done.stdout, re.MULTILINE)
    )
    assert noticed.keys() == {"lost", "doubled", "forged", "half visible", "allowed"}
    assert all(map(int, noticed.values()))
