"""The verbs `measure` and `metrics`: the statistics of an audit, on any file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from fairness_audit.cli.measure import options
from fairness_audit.cli.measure.arrow import leave_out_pandas
from fairness_audit.cli.measure.headlines import SMALL
from fairness_audit.cli.measure.options import Favourable
from fairness_audit.cli.measure.results import KEYS, OF_SUBJECTS
from fairness_audit.cli.names import existing_file
from fairness_audit.cli.printing import Format, RowsPrinted, complain, say, show_rows
from fairness_audit.cli.verb import OWN_PROCESS, verb
from fairness_audit.errors import InputError

if TYPE_CHECKING:
    from fairness_audit.steps.measure.catalogue import Facts
    from fairness_audit.steps.measure.counting.input_file import InputFile
    from fairness_audit.steps.measure.counting.plan import Plan

_FILES = ("*.csv", "*.csv.gz", "*.tsv", "*.parquet", "*.pq", "*.jsonl")


@verb(
    "fairness-audit measure leads.csv --attr gender --selected called",
    "fairness-audit measure leads.csv --attr gender --attr age_band \\",
    "    --selected called --outcome converted --reference gender=male",
    "fairness-audit measure leads.csv --attr gender --selected called \\",
    "    --subject lead_id",
    "fairness-audit measure leads.csv --selected called \\",
    "    --probability ethnicity:A=p_a,B=p_b",
    "fairness-audit measure leads.csv --attr gender --outcome converted \\",
    "    --format json > figures.json",
)
def measure(
    context: typer.Context,
    file: options.File,
    attribute: options.Attributes = None,
    probability: options.Probabilities = None,
    outcome: options.Outcome = None,
    selected: options.Selected = None,
    score: options.Score = None,
    decision: options.DecisionColumn = None,
    value: options.ValueColumn = None,
    rank: options.Rank = None,
    list_: options.ListColumn = None,
    weight: options.Weight = None,
    subject: options.Subject = None,
    feature: options.Features = None,
    intersect: options.Intersections = None,
    stratum: options.Strata = None,
    reference: options.References = None,
    favourable: options.FavourableDecision = Favourable.SELECTED,
    metric: options.Metrics = None,
    compat: options.Conventions = None,
    confidence: options.Confidence = 0.95,
    tau: options.Tau = "4/5",
    subgroups: options.Depth = 0,
    resamples: options.Resamples = 1000,
    min_group_size: options.MinGroupSize = SMALL,
    positive: options.Positives = None,
    unknown: options.Unknown = None,
    groups_as_written: options.AsWritten = False,
    bins: options.Bins = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    decimal: options.Decimal = None,
    everything: options.All = False,
    form: RowsPrinted = Format.TABLE,
) -> None:
    """Measure a file: who fares worst, and how surely.

    The file has one row per decision; how it is written is found in it, and told where it was
    guessed. Without --reference a group is compared with everybody else; the metric impact_ratio
    is then to the group best off of those of --min-group-size, if there is one. --all, json and
    csv give every metric that the columns allow; `fairness-audit metrics` says what each means.
    """
    given = context.params | {"list": list_}
    input_file = _input_file(given)
    plan = _plan(input_file, given)
    if context.obj == OWN_PROCESS:
        leave_out_pandas()
    notices: list[str] = []
    found = chosen(input_file, plan, metric or [], notices.append)
    smallest = None if everything or metric else min_group_size
    _show(found, input_file, plan, form, smallest, notices)


def _plan(input_file: "InputFile", given: Mapping[str, Any]) -> "Plan":
    """What the options ask to be measured."""
    from fairness_audit.steps.measure.counting.plan import Plan

    attributes, likely = input_file.attributes, input_file.probabilities
    together = given["intersect"] or []
    return Plan(
        groupings=options.groupings_of(attributes, together),
        references=options.references_of(attributes, together, given["reference"] or [], likely),
        strata=input_file.strata,
        selected_is_favourable=given["favourable"] is Favourable.SELECTED,
        confidence=options.confidence_of(given["confidence"]),
        columns=input_file.columns,
        resamples=given["resamples"],
        tau=options.tau_of(given["tau"]),
        compat=options.conventions_of(given["compat"]),
        itself=True,
        min_group_size=given["min_group_size"],
        small_if_need_be=True,
        subgroup_depth=given["subgroups"],
        probabilities={name: tuple(groups) for name, groups in likely.items()},
    )


def _input_file(given: Mapping[str, Any]) -> "InputFile":
    """The file that the options name, if it is there; what is named twice counts once."""
    from fairness_audit.steps.measure.counting.input_file import PARTS, InputFile

    if given["probability"] and given["weight"]:
        raise InputError(
            "--probability and --weight: rates by probability are not made of weighted rows"
            " (leave one of them out)"
        )
    if given["subject"] and given["weight"]:
        raise InputError(
            "--subject and --weight: variances by subject are not made of weighted rows"
            " (leave one of them out)"
        )
    attributes = tuple(dict.fromkeys(given["attribute"] or ()))
    if not attributes and not given["probability"]:
        raise InputError("whose groups? Name a protected attribute with --attr or --probability")
    return InputFile(
        path=_existing(given["file"]),
        attributes=attributes,
        probabilities=options.probabilities_of(given["probability"] or [], attributes),
        strata=tuple(dict.fromkeys(given["stratum"] or ())),
        features=tuple(dict.fromkeys(given["feature"] or ())),
        said=options.dialect_of(given["delimiter"], given["encoding"]),
        decimal=options.decimal_of(given["decimal"]),
        positives=tuple(given["positive"] or ()),
        unknown=options.unknown_of(given["unknown"] or (), as_written=given["groups_as_written"]),
        bins=options.bins_of(given["bins"] or (), attributes),
        **{part: given[part] for part in PARTS},
    )


def _existing(file: Path) -> Path:
    """The file, or the folder, if it may be one of Parquet parts."""
    from fairness_audit.tabular.parquet_files import visible

    inside = list(visible(file, deep=True)) if file.is_dir() else []
    is_parts = any(each.suffix == ".parquet" or each.name.startswith("part-") for each in inside)
    return file if is_parts else existing_file(file, _FILES)


def _show(
    found: list[dict[str, Any]],
    input_file: "InputFile",
    plan: "Plan",
    form: Format,
    smallest: int | None,
    notices: Sequence[str],
) -> None:
    """Show the results; ``smallest`` is None where every figure is asked for.

    ``notices`` say what was taken for granted of the file: where programs read the results, on the
    error output.
    """
    from fairness_audit.cli.measure.summary import print_summary, told_of_weights
    from fairness_audit.cli.measure.tables import print_every_figure

    def in_words() -> None:
        if smallest is None:
            for notice in (*notices, *told_of_weights(input_file)):
                say(notice, hang=2)
            print_every_figure(found)
        else:
            print_summary(found, input_file, plan, smallest, notices)

    if form is not Format.TABLE:
        for notice in (*notices, *told_of_weights(input_file)):
            complain(notice)
    keys = KEYS if input_file.subject is None else (*KEYS, *OF_SUBJECTS)
    show_rows([{key: each[key] for key in keys} for each in found], form, in_words, keys=keys)


def chosen(
    input_file: "InputFile", plan: "Plan", metrics: list[str], tell: Callable[[str], None]
) -> list[dict[str, Any]]:
    """The results of the metrics asked for, or of all.

    Raises:
        InputError: there is no such metric, no column to measure, or the file is not fit for it.

    """
    from fairness_audit.cli.measure.results import results
    from fairness_audit.policy.metrics import Needs

    wanted = [options.metric_named(name) for name in metrics]
    if not input_file.columns - {Needs.STRATUM, Needs.PROBABILITY}:
        raise InputError(
            "nothing to measure: name a column with --selected, --outcome, --score, --decision,"
            " --value or --rank"
        )
    options.check_needs(wanted, input_file.columns)
    found = [
        each for each in results(input_file, plan, tell) if not wanted or each["metric"] in wanted
    ]
    there = {each["metric"] for each in found}
    if absent := [name for name in wanted if name not in there]:
        raise InputError(
            f"--metric {absent[0]}: this file has nothing to make it of"
            " (`fairness-audit metrics` says what it means)"
        )
    return found


@verb(
    "fairness-audit metrics",
    "fairness-audit metrics --metric impact_ratio --metric AUC",
)
def metrics(
    form: RowsPrinted = Format.TABLE,
    metric: options.Metrics = None,
) -> None:
    """List every metric: what it means, and its source.

    Also its range, and its value of no disparity.
    """
    from fairness_audit.steps.measure.catalogue import facts

    chosen = {options.metric_named(name) for name in metric or []}
    shown = [each for each in facts() if not chosen or each.name in chosen]
    listed = [
        {
            "metric": each.name,
            "code": each.code,
            "meaning": each.meaning,
            "low": each.low,
            "high": each.high,
            "no_disparity": each.no_disparity,
            "better": each.direction.value,
            "needs": [need.value for need in each.needs],
            "source": each.source,
        }
        for each in shown
    ]

    def in_words() -> None:
        for each in shown:
            _describe(each)

    if form is Format.CSV:
        listed = [each | {"needs": " ".join(each["needs"])} for each in listed]  # type: ignore[arg-type]
    show_rows(listed, form, in_words)


def _describe(each: "Facts") -> None:
    low, high = each.ends
    none = "" if each.no_disparity is None else f", no disparity: {each.no_disparity:g}"
    needs = ", ".join(each.needs) or "nothing"
    say(f"{each.name}{f' ({each.code})' if each.code else ''}")
    say(f"    {each.meaning}", hang=4)
    say(f"    from {low} to {high}{none}; needs {needs}; {each.source}", hang=4)
