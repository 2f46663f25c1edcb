"""Findings about what a policy takes for granted: the data may contradict it."""

from collections.abc import Iterator, Mapping

from fairness_audit.policy.metrics import SELECTION_RATE
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.policy.units import Day
from fairness_audit.records.finding import Finding, Verdict, grouping_name
from fairness_audit.statistics.course import State
from fairness_audit.statistics.small_counts import told
from fairness_audit.steps.judge.family import Position
from fairness_audit.steps.judge.questions import AtRandom
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.judge.wording import percent
from fairness_audit.text import one_line_sentence


def assumption_findings(tables: Tables, positions: Mapping[object, Position]) -> Iterator[Finding]:
    """One finding for each attribute that is not unknown at random, as the policy assumes.

    Those of unknown group are decided about otherwise than the known: a person decides whether
    the known can stand for all.
    """
    for name in tables.policy.attributes:
        position = positions.get(AtRandom(name))
        if position is None or position.state is not State.FAIL:
            continue
        unknown = tables.unknown(SELECTION_RATE, name)
        if unknown.decisions < tables.policy.min_group_size:
            continue
        known = tables.everybody(SELECTION_RATE).less(unknown)
        is_told = told(unknown.successes, unknown.decisions, least=tables.policy.min_group_size)
        of_unknown = percent(unknown.rate, whole=is_told is None)
        yield Finding(
            rule="unknown_at_random",
            kind="population",
            verdict=Verdict.INCONCLUSIVE,
            at_gate="review",
            attribute=name,
            sentence=(
                f"The policy assumes that the {grouping_name(name)} of people is unknown at"
                f" random, but {of_unknown} of those are selected where it is unknown"
                f" and {percent(known.rate)} where it is known; chance does not explain it, so"
                " that the known may not stand for all."
            ),
            evidence=position.evidence,
        )


def expired_references(policy: AuditPolicy, today: Day) -> Iterator[Finding]:
    """One finding for each reference population that is too old to be held against."""
    for name, attribute in policy.attributes.items():
        stated = attribute.reference_population
        if stated is not None and stated.expires <= today:
            source = one_line_sentence(stated.source).rstrip(".")
            yield Finding(
                rule="reference_population",
                kind="representation",
                verdict=Verdict.INCONCLUSIVE,
                at_gate="review",
                attribute=name,
                sentence=(
                    f"The shares that the {grouping_name(name)} is held against are of"
                    f" {stated.dated} and expired on {stated.expires} ({source})."
                ),
            )
