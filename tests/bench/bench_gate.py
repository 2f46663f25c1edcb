"""What a question of the gate costs with a ledger of 10,000 records of real size.

In a running process, as the API, the guard and the admission ask; and by `fairness-audit gate`, a
process of its own. A question whose cost grows with the ledger denies everything one day: whoever
waits eight seconds for an answer waits no longer.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from fairness_audit.files import write_bytes
from fairness_audit.ledger.keys import public_pem
from tests import CHECKOUT
from tests.bench.large_ledger import MODELS, grow
from tests.builders.gated import Gated
from tests.builders.published import MODEL, SIGNER, a_ledger, a_loaded_policy
from tests.servers.registry_site import served

RECORDS = int(os.environ.get("BENCH_RECORDS", "10000"))
CPU_SECONDS = 0.3
MEBIBYTES = 100
FRESH_RECORDS, FRESH_CPU_SECONDS = 1000, 1.0
QUESTION = ("gate", "--model", MODEL, "--version")


@pytest.mark.timeout(1800)
def test_a_question_inside_a_running_process(tmp_path: Path) -> None:
    loaded = a_loaded_policy(tmp_path)
    write_bytes(tmp_path / "trusted" / "key.pem", public_pem(SIGNER.public_key))
    grow(a_ledger(tmp_path), RECORDS, loaded.digest)
    weight = (tmp_path / "ledger.db").stat().st_size / RECORDS / 1024
    print(f"\n{RECORDS:,} records of {len(MODELS)} models, {weight:.0f} KiB each")
    words = [sys.executable, "-m", "tests.bench.one_question", tmp_path, "100"]
    paths = os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "plugins")])
    done = subprocess.run(
        words, check=True, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths}
    )
    seconds, grown, peak = map(float, done.stdout.split())
    print(f"  {seconds:.3f} s of CPU, {grown:.1f} MiB more, {peak:.0f} MiB in all")
    assert seconds < CPU_SECONDS
    assert grown < MEBIBYTES


@pytest.mark.timeout(600)
def test_a_question_in_a_process_of_its_own(tmp_path: Path) -> None:
    """With the registry a database and a server; most of it is loading libraries still."""
    gated = Gated.made(tmp_path / "gated")
    grow(a_ledger(gated.folder), FRESH_RECORDS, "0" * 64)
    print(f"\n  fairness-audit --help: {cpu_seconds(gated.environment, '--help'):.2f} s of CPU")
    seconds = cpu_seconds(gated.environment, *QUESTION, "2")
    print(f"  fairness-audit gate, {FRESH_RECORDS:,} records, a database: {seconds:.2f} s of CPU")
    assert seconds < FRESH_CPU_SECONDS
    with served(tmp_path / "served", guarded=False) as site:
        version = site.version(files={f"data/{number}": b"x" * 100_000 for number in range(8)})
        grow(a_ledger(site.folder), FRESH_RECORDS, "0" * 64)
        site.audited(version)
        settings = site.environment | {"FAIRNESS_AUDIT_REGISTRY": site.address}
        environment = Gated(site.folder).environment | settings
        seconds = cpu_seconds(environment, *QUESTION, version)
    print(f"  fairness-audit gate, {FRESH_RECORDS:,} records, a server: {seconds:.2f} s of CPU")
    assert seconds < FRESH_CPU_SECONDS


def cpu_seconds(environment: dict[str, str], *words: str) -> float:
    """The seconds of CPU that the command takes at best of five times; it must exit 0."""
    command = Path(sys.executable).with_name("fairness-audit")
    taken = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([command, *words], check=True, capture_output=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)
