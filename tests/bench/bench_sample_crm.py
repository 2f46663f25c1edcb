"""How long a sample of a million leads takes, generated, trained on, scored and loaded.

Run by hand (``pytest -s tests/bench/bench_sample_crm.py``); it needs two cores to itself.
"""

import resource
import time

import pytest

from fairness_audit.demo.crm import load

LEADS = 1_000_000
SECONDS = 60


@pytest.mark.timeout(600)
def test_a_million_leads_load_within_a_minute(postgres_uri: str) -> None:
    started = time.monotonic()
    load(postgres_uri, leads=LEADS, say=print)
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{LEADS:,} leads in {seconds:.1f} s, {peak:,} MiB at most")
    assert seconds < SECONDS
