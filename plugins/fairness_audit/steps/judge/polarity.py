"""Whether score and label point the same way.

A model that selects those with a negative outcome more often than those with a positive one has
its score or its label upside down, more likely than not; every conclusion about who is favoured
would then be upside down too. So the audit cannot pass, once chance does not explain it.
"""

from fairness_audit.policy.metrics import FALSE_POSITIVE_RATE, TRUE_POSITIVE_RATE
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Finding, Verdict
from fairness_audit.statistics.course import State
from fairness_audit.statistics.small_counts import told
from fairness_audit.steps.judge.data_faults import needs_outcomes
from fairness_audit.steps.judge.family import Position
from fairness_audit.steps.judge.questions import POLARITY_RULE
from fairness_audit.steps.judge.tables import Counted, Tables
from fairness_audit.steps.judge.wording import percent, stands


def polarity_findings(tables: Tables, position: Position | None) -> list[Finding]:
    """One finding, or none where no outcome is known.

    ``position`` is where the question stands: None if all known outcomes are the same.
    """
    positive = tables.everybody(TRUE_POSITIVE_RATE)
    negative = tables.everybody(FALSE_POSITIVE_RATE)
    if not positive.decisions and not negative.decisions:
        return []
    if position is None:
        return [_untold("negative" if negative.decisions else "positive", tables.policy)]
    rates = _rates(positive, negative, tables.policy.min_group_size)
    inverted = "look inverted, and chance does not explain it"
    if not position.is_shown:
        inverted = "looked inverted, by what was counted then"
    elif positive.rate > negative.rate:
        inverted = "looked inverted, and chance does not explain it"
    said = {
        State.FAIL: f"Score or label {inverted}{rates}{stands(position.evidence)}.",
        State.PASS: f"Score and label point the same way{rates}.",
        State.OPEN: f"Whether score and label point the same way is not certain yet{rates}.",
    }
    verdict = {State.FAIL: Verdict.FAIL, State.PASS: Verdict.PASS}
    return [
        Finding(
            rule=POLARITY_RULE,
            kind="polarity",
            verdict=verdict.get(position.state, Verdict.INCONCLUSIVE),
            at_gate="block" if position.state is State.FAIL else "allow",
            metric=TRUE_POSITIVE_RATE.name,
            sentence=said[position.state],
            evidence=position.evidence,
        )
    ]


def _rates(positive: Counted, negative: Counted, least: int) -> str:
    """How often each are selected; nothing where a rate would be of too few."""
    if min(positive.decisions, negative.decisions) < least:
        return ""
    cells = [(each.successes, each.decisions) for each in (positive, negative)]
    whole = any(told(*each, least=least) is None for each in cells)
    return (
        f": {percent(positive.rate, whole=whole)} of those with a positive outcome are selected,"
        f" and {percent(negative.rate, whole=whole)} of those with a negative one"
    )


def _untold(same: str, policy: AuditPolicy) -> Finding:
    return Finding(
        rule=POLARITY_RULE,
        kind="polarity",
        verdict=Verdict.INCONCLUSIVE,
        at_gate="block" if any(needs_outcomes(rule) for rule in policy.rules) else "allow",
        metric=TRUE_POSITIVE_RATE.name,
        sentence=(
            "Whether score and label point the same way cannot be told: every known outcome is"
            f" {same}."
        ),
    )
