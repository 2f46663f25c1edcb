"""The reference says what the code says."""

import re

import pytest

from fairness_audit.cli.reference import reference
from fairness_audit.cli.reference.fields import Fields
from fairness_audit.cli.reference.markdown import anchor, cell
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.settings import VARIABLES
from tests import CHECKOUT

PAGE = CHECKOUT / "docs" / "reference.md"

OTHERS_SETTINGS = {
    "FAIRNESS_AUDIT_UID",  # the compose file's: the user that containers run as
    "FAIRNESS_AUDIT_TEST_POSTGRES",
    "FAIRNESS_AUDIT_TEST_MYSQL",
    "FAIRNESS_AUDIT_SHARED_DATA",
}
"""What is no setting of an installation."""


def test_the_page_is_in_step() -> None:
    same = PAGE.read_text(encoding="utf-8") == reference()
    assert same, "docs/reference.md is not what the code says: make docs"


def test_every_field_of_a_policy_says_what_it_means() -> None:
    schema = AuditPolicy.model_json_schema(by_alias=True)
    objects = {"policy": schema, **schema["$defs"]}
    silent = [
        f"{name}.{field}"
        for name, content in objects.items()
        for field, described in content.get("properties", {}).items()
        if not described.get("description")
    ]
    assert not silent, "these need a Field(description=…)"


def named_settings() -> set[str]:
    """Every setting that a file of this project names."""
    pages = [CHECKOUT / "README.md", *(CHECKOUT / "docs").glob("*.md")]
    operated = [CHECKOUT / each for each in ("docker-compose.yaml", "Dockerfile", ".env.example")]
    code = [
        each
        for folder in ("plugins/fairness_audit", "dags")
        for each in (CHECKOUT / folder).rglob("*")
        if each.suffix in {".py", ".yaml", ".sh", ".md"}
    ]
    return {
        name
        for file in (*pages, *operated, *code)
        for name in re.findall(r"\bFAIRNESS_AUDIT_[A-Z_]*[A-Z]", file.read_text(encoding="utf-8"))
    }


def test_every_setting_that_is_named_anywhere_is_one() -> None:
    named = named_settings()
    assert {each.name for each in VARIABLES} <= named
    assert named <= {each.name for each in VARIABLES} | OTHERS_SETTINGS


# --- from a schema to a table -------------------------------------------------------------------

DEFINITIONS = {
    "Room": {
        "description": "Where people\nare | or not.",
        "properties": {
            "size": {"type": "integer", "minimum": 1, "maximum": 9, "description": "How large."},
        },
        "required": ["size"],
    },
    "House": {
        "description": "A house.",
        "properties": {
            "rooms": {
                "type": "object",
                "patternProperties": {"^x$": {"$ref": "#/$defs/Room"}},
                "description": "By name.",
            },
            "best": {"$ref": "#/$defs/Room", "description": "Of them."},
            "colour": {"$ref": "#/$defs/Colour", "default": "red", "description": "Outside."},
            "share": {
                "anyOf": [{"format": "exact-fraction", "anyOf": []}, {"type": "null"}],
                "default": None,
                "description": "Of the street.",
            },
            "ends": {
                "type": "array",
                "prefixItems": [{"type": "number"}, {"type": "number"}],
                "minItems": 2,
                "maxItems": 2,
                "default": [0, 1],
                "description": "From and to.",
            },
            "names": {
                "type": "array",
                "items": {"type": "string", "minLength": 2, "maxLength": 5},
                "minItems": 1,
                "description": "What it is called.",
            },
        },
        "required": ["rooms", "best", "names"],
    },
    "Colour": {"enum": ["red", "green"]},
}


def test_an_object_becomes_a_table_and_what_it_holds_follows_once() -> None:
    fields = Fields(DEFINITIONS, optional="none")
    assert list(fields.described(DEFINITIONS["House"], "house")) == [
        "### `house`",
        "",
        "A house.",
        "",
        "| field | is | default | means |",
        "| --- | --- | --- | --- |",
        "| `rooms` | mapping of names to [`house.rooms.<name>`](#houseroomsname) |  | By name. |",
        "| `best` | [`house.rooms.<name>`](#houseroomsname) |  | Of them. |",
        "| `colour` | `red`, `green` | `red` | Outside. |",
        "| `share` | exact fraction | none | Of the street. |",
        "| `ends` | list of 2, each number | `0`, `1` | From and to. |",
        "| `names` | list of 1 or more, each text, 2 to 5 characters |  | What it is called. |",
        "",
        "### `house.rooms.<name>`",
        "",
        r"Where people are \| or not.",
        "",
        "| field | is | default | means |",
        "| --- | --- | --- | --- |",
        "| `size` | whole number, 1 to 9 |  | How large. |",
        "",
    ]


@pytest.mark.parametrize(
    ("heading", "called"),
    [
        ("Fields of a policy", "fields-of-a-policy"),
        ("`source.objects.<name>`", "sourceobjectsname"),
        ("CI, Kubernetes, other registries", "ci-kubernetes-other-registries"),
        ("`error_rate`", "error_rate"),
        ("`fairness-audit verify-serving`", "fairness-audit-verify-serving"),
    ],
)
def test_a_heading_is_called_as_github_calls_it(heading: str, called: str) -> None:
    assert anchor(heading) == called


def test_a_cell_stays_one() -> None:
    assert cell("one\n  two | ``three``") == r"one two \| `three`"
