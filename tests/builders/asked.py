"""Builders: `fairness-audit measure` asked about a file, and what it answers."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from fairness_audit.cli.app import app


def asked(*words: object) -> Result:
    """What a verb answers."""
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(file: Path, *words: object) -> str:
    """What is said of a file that cannot be measured: one line, with exit code 2."""
    result = asked("measure", file, *words)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


class Answer:
    """The results of a file, as JSON gives them, and what was told beside them."""

    def __init__(self, file: Path, *words: object) -> None:
        result = asked("measure", file, *words, "--format", "json")
        assert result.exit_code == 0, result.output
        self.results: list[dict[str, Any]] = json.loads(result.stdout)
        self.told = result.stderr

    def one(self, metric: str, group: str, **where: object) -> dict[str, Any]:
        """The only result of a metric, by name or code, for a group."""
        found = self.those(metric, group=group, **where)
        assert len(found) == 1, f"{len(found)} results of {metric} for {group}"
        return found[0]

    def those(self, metric: str, **where: object) -> list[dict[str, Any]]:
        """All results of a metric with these values."""
        where = {"stratum": None} | where
        return [
            each
            for each in self.results
            if metric in (each["metric"], each["code"])
            and all(each[key] == value for key, value in where.items())
        ]

    def value(self, metric: str, group: str, **where: object) -> Any:
        """Its value."""
        return self.one(metric, group, **where)["value"]
