"""A broken judge: what suites ask of shares is decided by point shares, as it once was."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from fairness_audit.policy.model import Rule
from fairness_audit.records.validation import ValidationReport
from fairness_audit.statistics.proportions import Floats
from fairness_audit.statistics.sequential import Aim, OneShare, Pair, Side
from fairness_audit.steps.judge.questions import OfShare
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.judge.trial import Trial


@dataclass(frozen=True)
class PointShare(OneShare):
    """A check as it once was: it blocks where the share of the rows so far is below its limit."""

    def log_e(self, side: Side, aim: Aim, border: Floats | None = None) -> Floats:
        found = np.zeros_like(super().log_e(side, aim, border))
        k, n = (np.cumsum(each, axis=-1) for each in self.share)
        bound = self.limit.bound(side) * self.stated
        found[(k < bound * n), :] = 20.0 if aim is Aim.FAIL else 0.0
        return found


def by_point_shares(tables: Tables, rules: Iterable[Rule], report: ValidationReport) -> Trial:
    """The judge's trial, but for what is asked of shares."""
    trial = Trial.of(tables, rules, report)

    def broken(pair: Pair) -> Pair:
        assert isinstance(pair, OneShare)
        return PointShare(pair.limit, pair.share, pair.stated)

    blocking = {
        tested: list(map(broken, pairs)) if isinstance(tested, OfShare) else pairs
        for tested, pairs in trial.blocking.items()
    }
    return replace(trial, blocking=blocking)
