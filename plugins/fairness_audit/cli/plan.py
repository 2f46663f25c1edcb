"""The verb `plan`: what can be concluded when, and what another policy would have concluded."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from fairness_audit.cli.names import ModelArgument
from fairness_audit.cli.printing import Format, Progress, RowsPrinted, say, show_rows, table
from fairness_audit.cli.verb import verb
from fairness_audit.errors import ExitCode, InputError

if TYPE_CHECKING:
    from fairness_audit.installation import Installation
    from fairness_audit.policy.model import AuditPolicy
    from fairness_audit.replay.counted import CountedAudits
    from fairness_audit.steps.judge.plan import Plan, Planned, Prospect

_KEYS = (
    "rule", "grouping", "group", "share", "per_unit", "now", "since", "hypotheses", "may_block",
    "holds_gate", "verdict", "if_true", "units", "by", "probability",
)  # fmt: skip

_WHAT = "groups and rules looked at"

SizesFile = Annotated[
    Path | None, typer.Option("--sizes", metavar="FILE", help="Sizes stated by hand, in YAML.")
]
Decisions = Annotated[
    float | None, typer.Option(metavar="NUMBER", help="Decisions of all groups together.")
]
Rates = Annotated[
    list[str] | None, typer.Option(metavar="NAME=SHARE", help="Such as selection_rate=0.4.")
]
Shares = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GROUPING.GROUP=SHARE",
        help="Such as gender.F=0.47. Default: the reference population.",
    ),
]
Version = Annotated[
    str | None, typer.Option(help="Model version. Default: of the newest decisions audited.")
]
OtherPolicy = Annotated[
    Path | None,
    typer.Option("--policy", metavar="FILE", help="Another policy file than the model's."),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        metavar="DATE", help="Judge the audits from this day on again, by the policy of --policy."
    ),
]


@verb(
    "fairness-audit plan lead_scoring",
    "fairness-audit plan lead_scoring --sizes sizes.yaml    # before any audit",
    "fairness-audit plan lead_scoring --policy new/policy.yaml --since 2026-01-01",
)
def plan(
    model: ModelArgument,
    sizes: SizesFile = None,
    decisions_per_week: Decisions = None,
    rate: Rates = None,
    share: Shares = None,
    version: Version = None,
    policy: OtherPolicy = None,
    since: Since = None,
    form: RowsPrinted = Format.TABLE,
) -> None:
    """What can be concluded about each group, and when?

    Says by which week each rule passes or fails with four in five, if the truth is as stated:
    the audit's own arithmetic, carried on. Sizes are those of the newest evidence, or given.
    With --policy and --since: which verdicts of past audits another policy would change.

    Exit 0 it is told, 1 a past failure would vanish.
    """
    from fairness_audit.installation import Installation
    from fairness_audit.replay.counted import CountedAudits

    is_given = sizes is not None or decisions_per_week is not None
    if since is not None and (policy is None or is_given):
        raise InputError("--since: judges past audits by --policy FILE (give it, and no sizes)")
    if is_given and version is not None:
        raise InputError("--version: with sizes given by hand there is none (leave it out)")
    if sizes is not None and decisions_per_week is not None:
        raise InputError("--sizes and --decisions-per-week: give one of them, not both")
    with Installation.from_environment() as installation:
        asked = _policy(installation, model, policy)
        counted = CountedAudits(installation, model)
        if since is not None:
            _again(counted, asked, since, version, form)
        elif is_given:
            found = _stated(asked, sizes, decisions_per_week or 0.0, rate or (), share or ())
        else:
            found = _after_newest(counted, asked, version)
    show_rows([*_rows(found)], form, lambda: _in_words(found), keys=_KEYS)


def _again(
    counted: "CountedAudits",
    policy: "AuditPolicy",
    since: datetime,
    version: str | None,
    form: Format,
) -> NoReturn:
    """Judge past audits again, tell what would change, and exit."""
    from fairness_audit.cli.hindsight import tell_hindsight
    from fairness_audit.steps.judge.hindsight import hindsight

    past = counted.since(since.replace(tzinfo=UTC), version)
    found = hindsight(policy, past, counted.evidence_at)
    tell_hindsight(found, form)
    raise typer.Exit(ExitCode.REFUSED if found.loses_failure else ExitCode.GOOD)


def _stated(
    policy: "AuditPolicy",
    file: Path | None,
    decisions: float,
    rates: Sequence[str],
    shares: Sequence[str],
) -> "Plan":
    """From sizes that somebody states."""
    from fairness_audit.cli.sizes import sizes_given, sizes_in
    from fairness_audit.steps.judge.plan import before_any, plan

    stated = sizes_in(file, policy) if file else sizes_given(policy, decisions, rates, shares)
    return plan(policy, before_any(policy, stated), stated, told=Progress(_WHAT))


def _policy(installation: "Installation", model: str, file: Path | None) -> "AuditPolicy":
    from fairness_audit.cli.names import existing_file
    from fairness_audit.policy.load import load_policy

    own = installation.policy(model).policy
    if file is None:
        return own
    return load_policy(existing_file(file, ("*.yaml",), what="policy file"), model=model).policy


def _after_newest(counted: "CountedAudits", policy: "AuditPolicy", version: str | None) -> "Plan":
    """From what the newest audit counted and knew."""
    from fairness_audit.cli.sizes import HOW
    from fairness_audit.policy.load import policy_digest
    from fairness_audit.steps.judge.plan import plan
    from fairness_audit.steps.judge.sizes import Sizes

    newest = counted.newest(version)
    if newest is None:
        which = policy.model if version is None else f"{policy.model} version {version}"
        raise InputError(f"{which}: no audit has counted anything yet ({HOW})")
    evidence = counted.evidence_at(newest)
    if evidence.unit != policy.evidence.unit:
        raise InputError(
            f"{policy.model}: was counted by the {evidence.unit}, and the policy counts by the"
            f" {policy.evidence.unit} ({HOW})"
        )
    rests_on = newest.rests_on if newest.policy_digest == policy_digest(policy) else None
    return plan(
        policy,
        evidence,
        Sizes.seen(evidence),
        counted.until(newest),
        rests_on,
        told=Progress(_WHAT),
    )


def _rows(found: "Plan") -> Iterator[dict[str, Any]]:
    counted = bool(found.evidence.starts)
    for each in found.cases:
        for prospect in each.prospects:
            yield {
                "rule": each.case.rule.id,
                "grouping": each.case.grouping,
                "group": each.case.group,
                "share": _share(each, counted=counted),
                "per_unit": _per_unit(each, counted=counted),
                "now": each.now,
                "since": each.since and each.since.isoformat(),
                "hypotheses": each.hypotheses,
                "may_block": each.may_block,
                "holds_gate": each.holds_gate,
                "verdict": prospect.verdict,
                "if_true": round(prospect.if_true, 4),
                "units": prospect.units,
                "by": prospect.by and prospect.by.isoformat(),
                "probability": prospect.probability,
            }


def _share(each: "Planned", *, counted: bool) -> float:
    """In whole per cent; of a group that is too small the step under which it lies."""
    if not counted:
        return round(each.share, 4)
    return each.share_below if each.now == "too few" else round(each.share, 2)


def _per_unit(each: "Planned", *, counted: bool) -> float | None:
    """Decisions of a unit; of what was counted two digits, for times the units it is of people.

    None of a group that is too small.
    """
    if not counted:
        return round(each.per_unit, 2)
    return None if each.now == "too few" else float(f"{each.per_unit:.2g}")


def _in_words(found: "Plan") -> None:
    unit = found.evidence.unit
    counted = len(found.evidence.starts)
    said = (
        f"after {counted:,} {unit}s of evidence" if counted else "as stated; nothing counted yet"
    )
    about = f"{found.sizes.per_unit:,.4g}"
    if counted:  # two digits, for times the weeks it is of people
        about = f"about {float(f'{found.sizes.per_unit:.2g}'):,.4g}"
    say(f"{found.policy.model}: {about} decisions a {unit}, {said}", hang=4)
    checks = f", {found.checks} of them of the data's checks" if found.checks else ""
    say(
        f"{found.hypotheses} hypotheses may block{checks}: a failure takes about"
        f" {found.times:.1f} times the decisions that it would with one hypothesis",
        hang=4,
    )
    for rule in found.policy.rules:
        cases = [each for each in found.cases if each.case.rule is rule]
        if cases:
            _rule_in_words(found, cases)
    _waiting_in_words(found)


def _rule_in_words(found: "Plan", cases: "list[Planned]") -> None:
    rule, unit = cases[0].case.rule, found.evidence.unit
    counted = bool(found.evidence.starts)
    hypotheses = sum(each.hypotheses for each in cases)
    kind = "" if cases[0].may_block else ", only warns"
    say()
    say(
        f"rule {rule.id}: {rule.compare.value} of {rule.metric.name}, limit {rule.threshold};"
        f" {hypotheses} hypotheses{kind}; {unit}s until four in five",
        hang=4,
    )
    table(
        ("group", "share", "now", *(_heading(each) for each in cases[0].prospects)),
        [
            (
                f"{each.case.grouping.replace('*', ' * ')} {each.case.group}",
                _share_in_words(each, counted=counted),
                each.now,
                *(_cell(prospect, each) for prospect in each.prospects),
            )
            for each in cases
        ],
        right={1, *range(3, 3 + len(cases[0].prospects))},
    )


def _share_in_words(each: "Planned", *, counted: bool) -> str:
    share = 100 * _share(each, counted=counted)
    if not counted:
        return f"{share:.1f} %"
    return f"< {share:.0f} %" if each.now == "too few" else f"{share:.0f} %"


def _heading(prospect: "Prospect") -> tuple[str, str]:
    """`pass` if the ratio is 0.95, `fail` if the difference is 15 points."""
    is_ratio = prospect.if_true > 0.5
    truth = f"{prospect.if_true:.3g}" if is_ratio else f"{100 * abs(prospect.if_true):.0f} pts"
    return prospect.verdict, f"if {truth}"


def _cell(prospect: "Prospect", each: "Planned") -> str:
    if prospect.is_now:
        return "now"
    if prospect.probability is None:
        return "-"
    if prospect.units is None:
        return "> 3 y"
    within = "≤ " if _is_rough(prospect, each) else ""
    return f"{within}{prospect.units} ({100 * prospect.probability:.0f} %)"


def _is_rough(prospect: "Prospect", each: "Planned") -> bool:
    """True of a group of which too few were counted to tell more than the quarter of a year."""
    return each.now == "too few" and prospect.by is not None


def _waiting_in_words(found: "Plan") -> None:
    say()
    waiting = found.waiting
    if not waiting:
        say("no rule keeps a release waiting")
        return
    say("A release waits for these, the longest first, if all groups are in truth treated alike:")
    for each in waiting:
        name = f"  {each.case.rule.id}, {each.case.grouping} {each.case.group}"
        say(f"{name}: {_when(found, each)}", hang=4)


def _when(found: "Plan", each: "Planned") -> str:
    prospect = each.passes
    if prospect.units is None:
        return "cannot be settled at these sizes within three years"
    day = f" (an audit of {prospect.by:%Y-%m-%d})" if prospect.by else ""
    share = f"{100 * (prospect.probability or 0):.0f} %"
    units = f"{prospect.units} {found.evidence.unit}s{day}"
    if _is_rough(prospect, each):
        return f"passes within {units} with at least {share}"
    return f"passes after {units} with {share}"
