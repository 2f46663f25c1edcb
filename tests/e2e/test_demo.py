"""The demo as a newcomer runs it: two versions blocked, two allowed, the second time the same."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import CHECKOUT
from tests.e2e.installation import PROGRAM


@contextlib.contextmanager
def a_home() -> Iterator[dict[str, str]]:
    """A state folder of the test's own, with a path short enough for a Unix socket."""
    state = tempfile.mkdtemp(prefix="fairness-demo-")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW_", "FAIRNESS_AUDIT_", "MLFLOW_"))
    }
    yield inherited | {
        "FAIRNESS_AUDIT_HOME": str(CHECKOUT),
        "FAIRNESS_AUDIT_STATE": state,
        "PYTHONPATH": str(CHECKOUT / "plugins"),
        "COLUMNS": "80",
    }
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    with a_home() as found:
        yield found


def demo(verb: str, environment: dict[str, str], *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "fairness_audit.demo", verb, *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def first(environment: dict[str, str]) -> tuple[int, str]:
    run = demo("run", environment)
    output, _ = run.communicate(timeout=240)
    return run.returncode, output


def rows_of(output: str) -> list[list[str]]:
    """The rows of the table, each cell in one line."""
    head, rule, below = re.split(r"(?m)^(─+)\n", output)
    starts = [head.splitlines()[-1].index(each) for each in ("model", "verdict", "gate", "decid")]
    columns = [slice(*ends) for ends in zip(starts, [*starts[1:], len(rule)], strict=True)]
    rows = below.partition("Data Docs")[0].strip("\n").split("\n\n")
    return [
        [
            " ".join(" ".join(line[column] for line in row.splitlines()).split())
            for column in columns
        ]
        for row in rows
    ]


def test_version_1_is_blocked_and_version_2_allowed_for_the_planted_reasons(
    first: tuple[int, str],
) -> None:
    code, output = first
    assert code == 0, output
    found = {row[0]: (row[1], row[2], row[3]) for row in rows_of(output)}
    assert {model: row[:2] for model, row in found.items()} == {
        "lead_scoring version 1": ("fail", "block"),
        "lead_scoring version 2": ("pass", "allow"),
        "offer_targeting version 1": ("pass", "allow"),
        "offer_targeting version 2": ("fail", "block"),
    }
    assert found["lead_scoring version 1"][2].startswith("Group F (gender) is selected 0.68 times")
    assert found["offer_targeting version 2"][2].startswith("Group Belmar (ethnic group)")


def test_the_readme_shows_what_it_ends_with(first: tuple[int, str]) -> None:
    _, output = first
    table = output[output.index("\nmodel ") : output.index("\nData Docs")].strip("\n")
    assert f"```\n{table}\n```\n" in (CHECKOUT / "README.md").read_text("utf-8")


def test_every_step_has_a_line_and_no_line_is_wider_than_a_terminal(
    first: tuple[int, str],
) -> None:
    lines = first[1].splitlines()
    for step in ("extract", "assemble", "validate", "measure", "judge", "publish", "gate"):
        assert sum(line.startswith(f"  {step} ") for line in lines) == 4, step
    assert max(len(line) for line in lines if not line.startswith(("Data Docs", "records"))) <= 80


def test_the_printed_paths_are_there(first: tuple[int, str], environment: dict[str, str]) -> None:
    paths = re.findall(r"^(?:Data Docs|records) +(.+)$", first[1], re.MULTILINE)
    assert [Path(path).exists() for path in paths] == [True, True]


def test_a_second_run_reuses_everything_and_publishes_nothing_new(
    first: tuple[int, str], environment: dict[str, str]
) -> None:
    records = Path(environment["FAIRNESS_AUDIT_STATE"]) / "records"
    before = {path: path.read_bytes() for path in records.rglob("*.json")}
    assert len(before) == 4
    run = demo("run", environment)
    output, _ = run.communicate(timeout=240)
    assert run.returncode == 0, output
    assert "are ready, reused" in output
    assert {path: path.read_bytes() for path in records.rglob("*.json")} == before


def test_of_a_thousand_leads_it_says_until_when_each_version_waits_and_what_to_do() -> None:
    with a_home() as few:
        run = demo("run", few, "--scale", "1000")
        output, _ = run.communicate(timeout=240)
        assert run.returncode == 0, output
        said = [
            subprocess.run(
                [sys.executable, "-c", PROGRAM, "gate",
                 "--model", model, "--version", version],
                env=few, capture_output=True, text=True, check=False,
            ).stdout
            for model in ("lead_scoring", "offer_targeting") for version in "12"
        ]  # fmt: skip
    rows = rows_of(output)
    assert len(rows) == 4
    for row, gate in zip(rows, said, strict=True):
        assert row[1:3] == ["inconclusive", "block"]
        assert re.match(r"passes not before 2029-06-28, because of group X \(gender\): ", row[3])
        assert row[3].count("; next: ") == 1
        assert row[3] in " ".join(gate.split())
    lines = output.splitlines()
    assert max(len(line) for line in lines if not line.startswith(("Data Docs", "records"))) <= 80
    assert "To answer a review: make up-local SCALE=1000" in " ".join(output.split())


def test_airflow_stays_up_with_its_ui_until_it_is_told_to_end(
    first: tuple[int, str], environment: dict[str, str]
) -> None:
    up = demo("up", environment)
    assert up.stdout is not None
    try:
        seen = []
        for line in up.stdout:
            seen.append(line)
            if line.startswith("stop"):
                break
        told = "".join(seen)
        address = re.findall(r"^Airflow +(http://localhost:\d+)$", told, re.MULTILINE)[0]
        user, password = re.findall(r"^login +(\S+) / (\S+)$", told, re.MULTILINE)[0]
        asked = urllib.request.Request(
            f"{address}/auth/token",
            data=json.dumps({"username": user, "password": password}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert "access_token" in json.load(answer)
        home = Path(environment["FAIRNESS_AUDIT_STATE"]) / "airflow"
        group = int((home / "standalone.pid").read_text())
    finally:
        up.send_signal(signal.SIGTERM)
        up.communicate(timeout=90)
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)
