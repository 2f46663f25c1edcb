"""What can be concluded about groups that people were put into by inference.

A group that was inferred is not the group itself: some of its rows belong elsewhere, and a pass
must hold wherever they do (`bounds`).

Nor does an inferred group fail an audit by itself: a proxy with a threshold can exaggerate a
disparity, since its errors depend on what it is inferred from (Chen et al., "Fairness under
unawareness", FAT* 2019, arXiv:1811.11154). The group of a place says even less of one person.
"""

from fractions import Fraction
from typing import NamedTuple

from fairness_audit.policy.attribute import Attribute, Provenance
from fairness_audit.policy.model import AtGate, AuditPolicy
from fairness_audit.records.finding import Verdict, grouping_name
from fairness_audit.steps.judge.ground import Ground
from fairness_audit.text import one_line


class Caution(NamedTuple):
    """Why a grouping is not to be taken at its word.

    ``error`` is the share of a group's rows that may belong to another one: that of every proxy
    added up, since no row is promised to be wrong by two of them; 0 where nobody states one.
    """

    why: str
    error: Fraction

    @property
    def clause(self) -> str:
        """What a sentence about a breach ends with."""
        return f"{self.why}, so this cannot fail the audit by itself"


def caution_of(policy: AuditPolicy, grouping: str) -> Caution | None:
    """The caution that a grouping asks for; None if all its attributes are known of people."""
    parts = {name: policy.attributes.get(name) for name in grouping.split("*")}
    why = [said for name, each in parts.items() if each and (said := _why(name, each))]
    if not why:
        return None
    errors = [1 - each.proxy.accuracy for each in parts.values() if each and each.proxy]
    return Caution(" and ".join(why), min(sum(errors, Fraction(0)), Fraction(1)))


def _why(name: str, attribute: Attribute) -> str | None:
    if attribute.proxy is not None:
        return f"the {grouping_name(name)} is inferred ({one_line(attribute.proxy.method)})"
    if attribute.provenance is Provenance.GEOGRAPHIC:
        return f"the {grouping_name(name)} is that of a place and not of the person"
    return None


def softened(verdict: Verdict, at_gate: AtGate, ground: Ground) -> tuple[Verdict, AtGate]:
    """What a finding is where the group is inferred: it warns, and a person decides.

    What was not measured, or could not be, is no result of the proxy: that blocks as it does.
    """
    blocks = at_gate is AtGate.BLOCK and ground.is_judged
    return (
        Verdict.WARN if verdict is Verdict.FAIL else verdict,
        AtGate.REVIEW if blocks else at_gate,
    )
