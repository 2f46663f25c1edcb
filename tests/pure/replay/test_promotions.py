"""Which audits let a version into production: what people decided before counts."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.replay.recall import promotions
from tests.builders.published import (
    LOGICAL_DATE,
    STANDS,
    a_finding,
    a_loaded_policy,
    a_review,
    an_audit_by_units,
)


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedPolicy:
    return a_loaded_policy(tmp_path)


def seqs(loaded: LoadedPolicy, *records: Any) -> list[int]:
    return [each.seq for each in promotions(loaded, records)]


def test_an_audit_that_an_earlier_waiver_let_through_was_a_promotion(
    loaded: LoadedPolicy,
) -> None:
    first, second = an_audit_by_units(), an_audit_by_units(2)
    assert seqs(loaded, first, second) == []
    assert seqs(loaded, first, a_review(first), second) == [1, 3]
    after = an_audit_by_units(5)
    assert seqs(loaded, first, a_review(first), second, after) == [1, 3]  # it had expired
    rejected = a_review(second, decision="reject", compensating_control=None)
    assert seqs(loaded, first, a_review(first), second, rejected) == [1]


def test_a_backfill_that_did_not_govern_was_none(loaded: LoadedPolicy) -> None:
    failed = an_audit_by_units(0, STANDS)
    backfill = an_audit_by_units(1, a_finding(), logical_date=LOGICAL_DATE - timedelta(days=28))
    assert seqs(loaded, failed, backfill) == []
    assert seqs(loaded, backfill.model_copy(update={"seq": 1})) == [1]
