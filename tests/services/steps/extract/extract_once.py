"""Run one extract in a process of its own, to be limited, measured or killed.

Arguments: the policy file, the address of the source, the run's folder, and optionally the
largest file the process may write, in bytes. Prints the most memory it held, in KiB.
"""

import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

from fairness_audit.policy.load import load_policy
from fairness_audit.sources.postgres import PostgresSource
from fairness_audit.steps.extract import extract
from tests import CHECKOUT


def most_memory() -> int:
    """Most KiB of memory held so far. (getrusage would count the parent from before exec.)"""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def main(policy: str, uri: str, folder: str, largest_file: str = "") -> None:
    """Extract as the step does."""
    if largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest_file), int(largest_file)))
    extract(
        load_policy(Path(policy)),
        logical_date=datetime(2026, 6, 29, tzinfo=UTC),
        source=PostgresSource(uri),
        folder=Path(folder),
        sql=CHECKOUT / "sql",
    )
    print(most_memory())


if __name__ == "__main__":
    main(*sys.argv[1:])
