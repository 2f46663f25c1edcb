"""One measurement of one population, in a process of its own: how long, and how much memory.

    python -m tests.bench.one_measurement POPULATION FOLDER

Prints seconds and the peak of the process in MiB.
"""

import re
import sys
import time
from pathlib import Path

from tests.bench.groupings import PLAN, ours, population


def main(path: str, folder: str) -> None:
    """Measure, and print what it took; libraries are loaded before the clock starts."""
    ours(population(Path(folder), 1000), Path(folder), PLAN)
    began = time.perf_counter()
    ours(Path(path), Path(folder), PLAN)
    taken = time.perf_counter() - began
    # Not ru_maxrss: a child starts with its parent's.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(taken, int(peak[1]) / 1024 if peak else float("nan"))


if __name__ == "__main__":
    main(*sys.argv[1:])
