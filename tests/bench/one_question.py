"""Questions of the gate inside one running process: how much CPU, and how much memory, of each.

    python -m tests.bench.one_question FOLDER VERSION

Prints the seconds of CPU of the median question, its peak of memory in MiB over what the process
had before it, and the peak of the whole process.
"""

import re
import statistics
import sys
import time
from pathlib import Path

from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.policy.load import load_policy
from fairness_audit.steps.gate import ask
from tests.builders.fakes import FakeRegistry
from tests.builders.published import MODEL, NOW, digest

QUESTIONS = 5


def main(path: str, version: str) -> None:
    """Ask again and again, as a server does; the first question only warms up."""
    folder = Path(path)
    loaded = load_policy(folder / "expectations" / MODEL / "policy.yaml")
    heads, witness = (Heads(str(folder / name)) for name in ("heads", "witness"))
    witness.add(heads.length(), heads.envelope(heads.length()) or b"")
    address = f"sqlite:///{folder / 'ledger.db'}"
    ledger = Ledger(address, heads, witness=witness, memory=folder / "seen")
    registry = FakeRegistry({(MODEL, version): digest("artifact 1")})
    taken, grown = [], []
    for _ in range(QUESTIONS + 1):
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before, began = _peak(), time.process_time()
        decision = ask(
            loaded,
            model_version=version,
            ledger=ledger,
            registry=registry,
            trusted_keys=folder / "trusted",
            now=NOW,
        )
        taken.append(time.process_time() - began)
        grown.append(_peak() - before)
        if decision.decision != "allow":
            raise ValueError(decision.reasons)
    print(statistics.median(taken[1:]), max(grown[1:]), _peak())


def _peak() -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


if __name__ == "__main__":
    main(*sys.argv[1:])
