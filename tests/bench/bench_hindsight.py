"""How long it takes to judge 500 past audits again by another policy."""

import time

import numpy as np
import pytest

from fairness_audit.policy.load import load_policy
from fairness_audit.steps.judge.hindsight import PastAudit, hindsight
from tests import CHECKOUT
from tests.builders.past_audits import counted_alone, evidence_at, with_outcomes

AUDITS, VERSIONS = 500, 10
SECONDS = 10.0


@pytest.mark.timeout(600)
def test_500_audits_are_judged_again_in_ten_seconds() -> None:
    """Ten versions, each audited in fifty weeks by windows of half a year, as the sample CRM's."""
    policy = load_policy(CHECKOUT / "expectations" / "lead_scoring" / "policy.yaml").policy
    draw = np.random.default_rng(1)
    audits: list[PastAudit] = []
    for version in range(VERSIONS):
        weeks = [with_outcomes(policy, draw, 250) for _ in range(AUDITS // VERSIONS + 25)]
        audits += counted_alone(policy, weeks, version=str(version), first_seq=len(audits) + 1)
    wall, processor = time.perf_counter(), time.process_time()
    found = hindsight(policy, audits, evidence_at(audits))
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"\n{found.judged} audits: {wall:.1f} s, {processor:.1f} s of CPU")
    assert found.judged == AUDITS
    assert processor < SECONDS
