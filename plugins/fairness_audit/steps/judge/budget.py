"""What this audit may spend of the model's error budget, and what it means if that is nothing."""

from collections.abc import Iterator
from fractions import Fraction

from fairness_audit.policy.error_rate import ErrorRate
from fairness_audit.records.finding import ErrorBudget, Finding, Verdict
from fairness_audit.records.history import History
from fairness_audit.statistics.spending import harmonic_share

RULE = "error_budget"


def budget_of(error_rate: ErrorRate, history: History) -> ErrorBudget:
    """The significance level of this audit, after those before it in the same period.

    It is the audit's harmonic share, and never more than is left: a policy that was changed
    within a period gives no second budget. An earlier audit whose record does not say what it
    spent is taken to have spent its share.
    """
    alpha, audits = error_rate.alpha, error_rate.audits
    spent = sum(
        (
            alpha * harmonic_share(number, audits) if each is None else each
            for number, each in enumerate(history.spent, 1)
        ),
        Fraction(0),
    )
    audit = len(history.spent) + 1
    share = alpha * harmonic_share(audit, audits)
    granted = min(share, max(alpha - spent, Fraction(0)))
    return ErrorBudget(
        audit=audit,
        of=audits,
        alpha=granted,
        spent=spent + granted,
        period_start=history.period_start,
    )


def budget_findings(error_rate: ErrorRate, budget: ErrorBudget) -> Iterator[Finding]:
    """One finding where nothing is left: an audit that cannot fail is no reason to pass."""
    if budget.is_spent:
        yield Finding(
            rule=RULE,
            kind="error_budget",
            verdict=Verdict.INCONCLUSIVE,
            at_gate="review",
            sentence=(
                f"The error budget is spent: this is audit {budget.audit} in the"
                f" {error_rate.period_days} days from {budget.period_start:%Y-%m-%d}, and the"
                f" policy shares it among {budget.of}; no disparity can be called a failure."
            ),
        )
