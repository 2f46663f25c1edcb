"""Results and metrics as a person or a program reads them."""

import csv
import json
import math
import re
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import typer

from fairness_audit.cli.measure.results import KEYS


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def print_results(found: list[dict[str, Any]], form: Format) -> None:
    """Write the results to standard output."""
    if form is Format.JSON:
        typer.echo(json.dumps(found, ensure_ascii=False, allow_nan=False, indent=1))
    elif form is Format.CSV:
        print_csv(found)
    else:
        _table(found)


def print_csv(found: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as CSV, with a header."""
    rows = list(found)
    writer = csv.DictWriter(sys.stdout, list(rows[0]) if rows else list(KEYS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _table(found: list[dict[str, Any]]) -> None:
    """One block per grouping and stratum, one line per metric and group."""
    about, left_out = None, 0
    for each in sorted(found, key=lambda row: (row["attribute"], row["stratum"] or "")):
        if each["code"] is None and _TO_OTHERS.search(each["metric"]):
            left_out += 1
            continue
        here = each["attribute"] + (f", {each['stratum']}" if each["stratum"] else "")
        if here != about:
            typer.echo(f"{'' if about is None else chr(10)}{here}")
            about = here
        names = [each["group"], *([each["reference"]] if each["reference"] else [])]
        typer.echo(
            f"  {shortened(each['code'] or each['metric'], 28):<28}"
            f" {shortened(' / '.join(names), 20):<20} {_number(each)}"
        )
    if left_out:
        typer.echo(f"\n{left_out} more, to best, rest and overall: --format json or csv")


def shortened(text: str, width: int) -> str:
    """At most ``width`` characters; what is left out shows."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


_TO_OTHERS = re.compile(r"_(to_(best|rest|overall)|between_groups|parity|bounds)$")


def _number(each: Mapping[str, Any]) -> str:
    if each["value"] is None or not math.isfinite(each["value"]):
        return "undefined"
    text = f"{each['value']:.4g}"
    if each["low"] is not None:
        text += f" [{each['low']:.3g}, {each['high']:.3g}]"
    return text if each["p_value"] is None else f"{text} p {each['p_value']:.2g}"
