"""What the page says, part by part."""

import json
import re
from collections.abc import Iterator
from typing import cast

from typer.core import TyperGroup
from typer.main import get_command

import fairness_audit
from fairness_audit.cli.app import app
from fairness_audit.cli.reference import commands
from fairness_audit.cli.reference.fields import Fields
from fairness_audit.cli.reference.markdown import anchor, cell, code, table
from fairness_audit.errors import ExitCode
from fairness_audit.files import PACKAGE
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.signed.schema import schema_text
from fairness_audit.settings import VARIABLES
from fairness_audit.steps.canonical_objects import read_object
from fairness_audit.steps.measure.catalogue import facts

_HEAD = """\
<!-- Written by `make docs` from the code; whatever is changed by hand is lost. -->

# Reference

For everybody who looks something up: what the code says of itself."""


def reference() -> str:
    """The page `docs/reference.md`."""
    parts = {
        "Commands": _commands(),
        "Exit codes": _exit_codes(),
        "Settings": _settings(),
        "Fields of a policy": _policy_fields(),
        "Canonical objects": _canonical_objects(),
        "Fields of a record": _record_fields(),
        "Metrics": _metrics(),
        "Rooms of the code": _rooms(),
    }
    lines = [_HEAD, "", *(f"- [{title}](#{anchor(title)})" for title in parts), ""]
    for title, part in parts.items():
        lines += [f"## {title}", "", *part]
    return "\n".join(lines).rstrip() + "\n"


def _commands() -> Iterator[str]:
    yield from commands.described(cast(TyperGroup, get_command(app)), "fairness-audit")


def _exit_codes() -> Iterator[str]:
    yield "Every command ends with one of these. Only 0 is a yes, so everything else must block."
    yield ""
    rows = ((code(str(each.value)), cell(each.meaning)) for each in ExitCode)
    yield from table(("exit code", "means"), rows)


def _settings() -> Iterator[str]:
    yield "Environment variables of every process. One that is empty counts as not set."
    yield ""
    yield from table(
        ("variable", "means", "where it is not set"),
        ((code(each.name), cell(each.meaning), cell(each.default)) for each in VARIABLES),
    )


def _policy_fields() -> Iterator[str]:
    yield (
        "`expectations/<model>/policy.yaml`. Unknown fields are refused; editors complete them"
        " from `expectations/policy.schema.json`. Fractions are written `4/5`: decimals are not"
        " exact, and refused. A field without a default must be there."
    )
    yield ""
    schema = AuditPolicy.model_json_schema(by_alias=True)
    yield from Fields(schema["$defs"], optional="none").described(schema)


def _canonical_objects() -> Iterator[str]:
    yield (
        "What `sql/staging/<crm>/<object>.sql` gives, whatever the CRM calls its own; what an"
        " object is stands in `sql/objects/<object>.yaml`."
    )
    yield ""
    for file in sorted((PACKAGE.parents[1] / "sql" / "objects").glob("*.yaml")):
        described = read_object(file)
        yield from (f"### {code('object ' + file.stem)}", "", cell(described.meaning), "")
        yield from table(
            ("column", "is", "means"),
            (
                (code(name), f"{each.type}{', optional' * each.optional}", cell(each.meaning))
                for name, each in described.columns.items()
            ),
        )


def _record_fields() -> Iterator[str]:
    schema = json.loads(schema_text())
    yield from (cell(schema["description"]), "")
    yield "The schema is `expectations/record.schema.json`. What may be absent says so."
    yield ""
    fields = Fields(schema["$defs"], optional="absent")
    for each in schema["oneOf"]:
        name = each["$ref"].rpartition("/")[2]
        yield from fields.described(schema["$defs"][name], name)


def _metrics() -> Iterator[str]:
    yield (
        "What `fairness-audit measure` and every audit compute. *Equal* is the value of no"
        " disparity; a figure about one group alone has none. *Better* says which of two values is"
        " the more favourable, *rule* what rules may name. `d` is the group that a figure is"
        " about, `a` what it is compared with. `fairness-audit metrics` prints the same."
    )
    yield ""
    yield from table(
        ("metric", "code", "means", "from", "to", "equal", "better", "needs", "rule", "source"),
        (
            (
                code(each.name),
                each.code or "",
                cell(each.meaning),
                *each.ends,
                "" if each.no_disparity is None else f"{each.no_disparity:g}",
                each.direction,
                ", ".join(each.needs),
                "yes" if each.in_rules else "",
                cell(each.source),
            )
            for each in facts()
        ),
    )


def _rooms() -> Iterator[str]:
    yield "`plugins/fairness_audit/`, from top to bottom: a room knows only those below it."
    yield ""
    rooms = re.findall(r"^(\w+) {2,}(\S.*)$", fairness_audit.__doc__ or "", re.MULTILINE)
    yield from table(("room", "is"), ((code(name), cell(what)) for name, what in rooms))
