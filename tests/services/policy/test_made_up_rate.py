"""A made-up rate, declared in one place, is wherever a rate is, with its own direction."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import CHECKOUT

RATES = "RATES: tuple[Rate, ...] = (\n"
MISJUDGED = """
    Rate(
        name="error_rate",
        code="ERR",
        meaning="share of known outcomes that the decision missed",
        source="made up",
        needs=(Needs.OUTCOME, Needs.SELECTED),
        direction=Direction.LOWER,
        phrase=Phrase("is misjudged", "error rate"),
        numerator=lambda c: c.fp + c.fn,
        denominator=lambda c: c.labelled,
    ),
"""
RULE = {
    "id": "errors",
    "metric": "error_rate",
    "compare": "ratio",
    "threshold": "4/5",
    "sides": "harm",
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a copy of the package shows, that has one rate more, in the tuple of the rates."""
    folder = tmp_path_factory.mktemp("made_up")
    plugins = folder / "plugins"
    shutil.copytree(
        CHECKOUT / "plugins" / "fairness_audit",
        plugins / "fairness_audit",
        ignore=shutil.ignore_patterns("__pycache__", "vendor"),
    )
    metrics = plugins / "fairness_audit" / "policy" / "metrics.py"
    source = metrics.read_text(encoding="utf-8")
    assert source.count(RATES) == 1
    metrics.write_text(source.replace(RATES, RATES + MISJUDGED), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", f"import {__name__} as shown; shown.show()", str(folder)],
        cwd=CHECKOUT,
        env=os.environ
        | {"PYTHONPATH": f"{plugins}:{CHECKOUT}", "FAIRNESS_AUDIT_HOME": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert shown["package"] == str(metrics.parents[1])
    return shown


def show() -> None:
    """Print what there is to see of the rate, as JSON. Runs in the copy."""
    import fairness_audit
    from fairness_audit.policy.schema import schema_text
    from fairness_audit.review.page import question
    from fairness_audit.steps.measure.counting.counts import Counts
    from tests.builders.judging import about, gender_policy, judged_counts
    from tests.builders.published import a_loaded_policy
    from tests.builders.reviewed import a_case

    folder = Path(sys.argv[1])
    often = Counts(tp=350, tn=350, fp=150, fn=150)
    seldom = Counts(tp=450, tn=450, fp=50, fn=50)
    policy, loaded = gender_policy(RULE), a_loaded_policy(folder, rules=[RULE])
    harmed, favoured = (
        about(judged_counts(policy, {"M": men, "F": women}), kind="disparity")
        for men, women in ((seldom, often), (often, seldom))
    )
    found = {
        "package": str(Path(fairness_audit.__file__).parent),
        "rule": loaded.policy.model_dump(mode="json")["rules"][0]["metric"],
        "schema": json.loads(schema_text())["$defs"]["Metric"]["enum"],
        "catalogue": said("metrics", "--metric", "ERR"),
        "measured": said("measure", str(a_table(folder, M=seldom, F=often)), *OPTIONS),
        "harmed": harmed.model_dump(mode="json"),
        "favoured": favoured.model_dump(mode="json"),
        "page": question(a_case(loaded, harmed), loaded.policy, {}),
    }
    print(json.dumps(found))


OPTIONS = (
    *("--attr", "gender", "--reference", "gender=M", "--resamples", "0"),
    *("--outcome", "outcome", "--selected", "selected"),
)


def a_table(folder: Path, **groups: Any) -> Path:
    """A CSV file of decisions with these counts."""
    lines = ["gender,outcome,selected"]
    for gender, counts in groups.items():
        lines += [f"{gender},1,1"] * counts.tp + [f"{gender},0,1"] * counts.fp
        lines += [f"{gender},1,0"] * counts.fn + [f"{gender},0,0"] * counts.tn
    table = folder / "decisions.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


def said(*arguments: str) -> list[dict[str, Any]]:
    """What a verb prints as JSON."""
    from typer.testing import CliRunner

    from fairness_audit.cli.app import app

    done = CliRunner().invoke(app, [*arguments, "--format", "json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def test_a_rule_may_name_it(seen: dict[str, Any]) -> None:
    assert seen["rule"] == "error_rate"


def test_the_schema_offers_it(seen: dict[str, Any]) -> None:
    assert "error_rate" in seen["schema"]


def test_the_catalogue_describes_it(seen: dict[str, Any]) -> None:
    (described,) = seen["catalogue"]
    assert described == {
        "metric": "error_rate",
        "code": "ERR",
        "meaning": "share of known outcomes that the decision missed",
        "low": 0.0,
        "high": 1.0,
        "no_disparity": None,
        "better": "lower",
        "needs": ["outcome", "selected"],
        "source": "made up",
    }


def test_it_is_measured_of_every_group_and_compared(seen: dict[str, Any]) -> None:
    values = {
        (row["metric"], row["group"]): row["value"]
        for row in seen["measured"]
        if row["metric"].startswith("error_rate")
    }
    assert values["error_rate", "F"] == 0.3
    assert values["error_rate", "M"] == 0.1
    assert values["error_rate_difference", "F"] == pytest.approx(0.2)
    assert values["error_rate_ratio", "F"] == pytest.approx(3.0)
    assert values["error_rate_ratio_between_groups", "M"] == pytest.approx(1 / 3)
    # Fewer errors are better: of the two groups M is the best, which F is compared with.
    assert values["error_rate_ratio_to_best", "F"] == pytest.approx(3.0)
    assert ("error_rate_ratio_to_best", "M") not in values


def test_the_group_that_is_misjudged_more_often_fails(seen: dict[str, Any]) -> None:
    assert (seen["harmed"]["verdict"], seen["harmed"]["at_gate"]) == ("fail", "block")
    assert seen["harmed"]["sentence"].startswith(
        "Group F (gender) is misjudged 3.00 times as often as group M (error rate 30.0 % against"
        " 10.0 %;"
    )
    assert "above the limit of 5/4" in seen["harmed"]["sentence"]


def test_the_group_that_is_misjudged_less_often_passes(seen: dict[str, Any]) -> None:
    assert (seen["favoured"]["verdict"], seen["favoured"]["at_gate"]) == ("pass", "allow")


def test_the_page_that_people_decide_by_tells_it(seen: dict[str, Any]) -> None:
    assert "is misjudged 3.00 times as often" in seen["page"]
    assert "| errors | error rate, ratio to reference | 4/5 | fail | review |" in seen["page"]
