"""What the verdicts of an audit rest on, and whether any of it is new."""

from collections.abc import Iterator

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.policy.units import last_day
from fairness_audit.records.door import Moment
from fairness_audit.records.finding import EvidenceBasis, Finding, Verdict
from fairness_audit.records.history import History, digest_of_earlier

RULE = "evidence"


def basis_of(policy: AuditPolicy, history: History, *, hypotheses: int) -> EvidenceBasis:
    """What an audit rests on, after those of its version that were published before."""
    evidence = history.evidence
    starts = evidence.starts
    return EvidenceBasis(
        unit=evidence.unit,
        first=starts[0] if starts else None,
        last=starts[-1] if starts else None,
        units=len(starts) - len(evidence.gaps),
        new_units=_new(history),
        amended=len(evidence.amendments),
        gaps=len(evidence.gaps),
        trained_until=evidence.counts_from,
        method_since=history.method_since if history.rests_on else None,
        hypotheses=hypotheses,
        alpha=policy.error_rate.alpha,
        after=digest_of_earlier(history.earlier),
    )


def _new(history: History) -> int:
    """Units that this audit counted first."""
    if not history.earlier:
        return len(history.evidence.starts)
    before = {each.logical_date for each in history.earlier}
    return sum(each is not None and each not in before for each in history.evidence.entered)


def basis_findings(
    basis: EvidenceBasis, history: History, window_start: Moment | None
) -> Iterator[Finding]:
    """One finding that says how far the evidence reaches; it blocks nothing."""
    name = f"{basis.unit}{'' if basis.units == 1 else 's'}"
    if basis.last is None:
        said = f"No closed {basis.unit} of decisions lies in the window, so there is no evidence."
        yield _finding(said, Verdict.INCONCLUSIVE, "block")
        return
    said = (
        f"The verdicts rest on {basis.units:,} closed {name} of decisions of this version,"
        f" {basis.first} to {last_day(basis.unit, basis.last)}"
    )
    said += _since(basis, is_first=not history.earlier)
    if basis.trained_until is None:
        said += "; up to when rows trained the version is not known, so that none is left out"
    else:
        said += f"; decisions before {basis.trained_until:%Y-%m-%d %H:%M} UTC trained it"
    if history.rests_on is not None and window_start is not None:
        said += _fixed(basis.method_since, window_start)
    yield _finding(f"{said}.", Verdict.PASS, "allow")


def _fixed(since: Moment | None, window_start: Moment) -> str:
    """Whether anybody could have chosen what is judged, or how, knowing the decisions."""
    if since is None:
        return "; what is judged, and how, is fixed by this audit, after its window began"
    when = "before" if since <= window_start else "after"
    return (
        f"; what is judged, and how, has been fixed since {since:%Y-%m-%d %H:%M} UTC, {when} the"
        " window began"
    )


def _since(basis: EvidenceBasis, *, is_first: bool) -> str:
    parts = []
    if not is_first and not basis.new_units:
        parts.append("none is new since the audit before: asking again adds no evidence")
    elif not is_first:
        parts.append(f"{basis.new_units:,} new since the audit before")
    if basis.amended:
        parts.append(f"{basis.amended:,} corrected after they were counted")
    if basis.gaps:
        parts.append(f"{basis.gaps:,} between them were never counted")
    return "".join(f"; {part}" for part in parts)


def _finding(sentence: str, verdict: Verdict, at_gate: str) -> Finding:
    return Finding.model_validate(
        {
            "rule": RULE,
            "kind": "evidence",
            "verdict": verdict,
            "at_gate": at_gate,
            "sentence": sentence,
        }
    )
