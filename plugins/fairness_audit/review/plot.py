"""Intervals drawn in text: Airflow shows reviewers Markdown, and no picture that is not elsewhere.

Every number drawn is in the table beside it as well, for those who do not see the drawing.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import groupby

from fairness_audit.records.finding import Finding
from fairness_audit.text import code_safe

_WIDTH = 36
_NAME = 34


def intervals(findings: Iterable[Finding]) -> str:
    """A fenced block: an interval per finding, all of a rule on one scale, the bound as ``┊``.

    ``""`` where no finding has an interval and a bound.
    """
    drawn = [each for each in findings if _can_be_drawn(each)]
    lines = [
        line for scale, group in groupby(drawn, key=_scale) for line in _drawing(scale, [*group])
    ]
    return "\n".join(["```text", *lines, "```"]) if lines else ""


def _can_be_drawn(finding: Finding) -> bool:
    seen = finding.evidence
    return None not in (seen.low, seen.value, seen.high, seen.threshold)


def _scale(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.metric or "", finding.evidence.threshold or ""


def _drawing(scale: tuple[str, str, str], findings: list[Finding]) -> Iterator[str]:
    rule, metric, threshold = scale
    bound = float(Fraction(threshold))
    ends = [bound]
    for finding in findings:
        ends += [end for end in _seen(finding) if end is not None]
    least, most = min(ends), max(ends)
    about = " ".join(part for part in (rule, metric) if part).replace("_", " ")
    yield f"{about}: {least:.3g} to {most:.3g}, ┊ is the bound {threshold}"
    for finding in findings:
        low, value, high = (_column(end, least, most) for end in _seen(finding))
        line = [" "] * _WIDTH
        line[low : high + 1] = ["─"] * (high + 1 - low)
        line[low], line[high] = "├", "┤"
        line[_column(bound, least, most)] = "┊"
        line[value] = "●"
        # Names stand last in their lines: whatever their script, nothing is moved by them.
        name = code_safe(f"{finding.attribute or ''} {finding.group or ''}", _NAME)
        yield f"{''.join(line)}  {name}"


def _seen(finding: Finding) -> tuple[float | None, ...]:
    return finding.evidence.low, finding.evidence.value, finding.evidence.high


def _column(end: float | None, least: float, most: float) -> int:
    share = ((end or 0.0) - least) / (most - least) if most > least else 0.5
    return round(share * (_WIDTH - 1))
