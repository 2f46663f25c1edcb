"""The verbs `measure` and `metrics`: the statistics of an audit, on any file."""

import json
from collections.abc import Mapping
from textwrap import wrap
from typing import Any

import typer

from fairness_audit.cli.measure import options
from fairness_audit.cli.measure.options import Favourable
from fairness_audit.cli.measure.printing import Format, print_csv, print_results
from fairness_audit.cli.measure.results import results
from fairness_audit.errors import InputError
from fairness_audit.policy.metrics import Needs
from fairness_audit.steps.measure.catalogue import facts
from fairness_audit.steps.measure.counting.given import Given
from fairness_audit.steps.measure.counting.plan import Plan


def measure(
    file: options.File,
    attribute: options.Attributes,
    outcome: options.Outcome = None,
    selected: options.Selected = None,
    score: options.Score = None,
    decision: options.DecisionColumn = None,
    value: options.ValueColumn = None,
    rank: options.Rank = None,
    list_: options.ListColumn = None,
    weight: options.Weight = None,
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
    form: options.Printed = Format.TABLE,
) -> None:
    """Measure a CSV or Parquet file: every metric its columns allow, for every group.

    Without --reference a group is compared with everybody else, and its impact ratio is to the
    group best off. `fairness-audit metrics` says what each metric means.
    """
    attributes, strata = tuple(dict.fromkeys(attribute)), tuple(dict.fromkeys(stratum or []))
    given = Given(
        file, attributes, strata, tuple(dict.fromkeys(feature or [])), outcome, selected, score,
        decision, value, rank, list_, weight,
    )  # fmt: skip
    plan = Plan(
        groupings=options.groupings_of(attributes, intersect or []),
        references=options.references_of(attributes, intersect or [], reference or []),
        strata=strata,
        selected_is_favourable=favourable is Favourable.SELECTED,
        confidence=options.confidence_of(confidence),
        columns=given.columns,
        resamples=resamples,
        tau=options.tau_of(tau),
        compat=compat,
        itself=True,
        subgroup_depth=subgroups,
    )
    print_results(chosen(given, plan, metric or []), form)


def chosen(given: Given, plan: Plan, metrics: list[str]) -> list[dict[str, Any]]:
    """The results of the metrics asked for, or of all.

    Raises:
        InputError: there is no such metric, no column to measure, or the file is not fit for it.

    """
    wanted = {options.metric_named(name) for name in metrics}
    if not given.columns - {Needs.STRATUM}:
        raise InputError(
            "nothing to measure: name a column with --selected, --outcome, --score, --decision,"
            " --value or --rank"
        )
    return [each for each in results(given, plan) if not wanted or each["metric"] in wanted]


def metrics(
    form: options.Printed = Format.TABLE,
    metric: options.Metrics = None,
) -> None:
    """List every metric: what it means, its range, its value of no disparity, its source."""
    chosen = {options.metric_named(name) for name in metric or []}
    shown = [each for each in facts() if not chosen or each.name in chosen]
    listed = [
        {
            "metric": each.name, "code": each.code, "meaning": each.meaning, "low": each.low,
            "high": each.high, "no_disparity": each.no_disparity, "better": each.direction.value,
            "needs": [need.value for need in each.needs], "source": each.source,
        }
        for each in shown
    ]  # fmt: skip
    if form is Format.JSON:
        typer.echo(json.dumps(listed, indent=1, ensure_ascii=False))
    elif form is Format.CSV:
        print_csv([each | {"needs": " ".join(each["needs"])} for each in listed])  # type: ignore[arg-type]
    else:
        for each in listed:
            typer.echo(_described(each))


def _described(each: Mapping[str, Any]) -> str:
    low, high = each["low"], each["high"]
    ends = f"{'-∞' if low is None else f'{low:.4g}'} to {'∞' if high is None else f'{high:.4g}'}"
    none = "" if each["no_disparity"] is None else f", no disparity: {each['no_disparity']:g}"
    needs = ", ".join(each["needs"]) or "nothing"
    code = f" ({each['code']})" if each["code"] else ""
    about = (each["meaning"], f"from {ends}{none}; needs {needs}; {each['source']}")
    lines = [line for text in about for line in wrap(text, 76)]
    return "\n    ".join([f"{each['metric']}{code}", *lines])
