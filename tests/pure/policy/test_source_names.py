"""Names of a CRM as it publishes them, and keys of one column or of several."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fairness_audit.errors import PolicyError
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.policy.schema import schema_text
from tests.builders.loaded_policies import a_loaded_policy, an_object

PUBLISHED = [
    "marital-status",
    "emp.var.rate",
    "año",
    "2-3465404",
    "x'; DROP TABLE leads; --",
    "What is your age (# years)?",
    " %s :x $1 {} [a] (b)",
    "日本語",
    "Résumé_🦊",
    "n" * 300,
]


def loaded(folder: Path, columns: list[str], **changes: Any) -> LoadedPolicy:
    return a_loaded_policy(folder, lead=an_object("leads", columns) | changes)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_name_stands_in_a_policy_as_it_is_published(tmp_path: Path, name: str) -> None:
    policy = loaded(tmp_path, [name, "id"], table=name, schema=name).policy
    found = policy.source.objects["lead"]
    assert (found.table, found.schema_name, found.columns) == (name, name, (name, "id"))
    assert found.key == (name,)


@pytest.mark.parametrize(
    "name",
    [
        'a"b', "a`b", "a\\b", "a\nb", "a\rb", "a\tb", "a\x00b", "a\x1bb", "a\x7fb", "a\x85b",
        "a\u202eb", "a\u200bb", "a\u2028b", "\ufeffa", "*", "", "n" * 301,
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["columns", "key", "table", "schema"])
def test_what_no_crm_publishes_is_refused_and_not_repeated(
    tmp_path: Path, name: str, field: str
) -> None:
    given = ["id", name] if field in ("columns", "key") else name
    with pytest.raises(PolicyError) as caught:
        a_loaded_policy(tmp_path, lead=an_object("leads", ["id"]) | {field: given})
    (fault, *_) = [each for each in caught.value.faults if f"lead.{field}" in each.field]
    assert not name or name == "*" or name not in str(fault)
    assert fault.line > 1


def digest(folder: Path, key: Any) -> str:
    return loaded(folder, ["id", "no"], key=key).digest


def test_a_key_of_one_column_is_the_same_however_it_is_written(tmp_path: Path) -> None:
    assert digest(tmp_path, "id") == digest(tmp_path, ["id"])
    assert len({digest(tmp_path, key) for key in ("id", ["id", "no"], ["no", "id"])}) == 3


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (["id", "id"], "a column is named twice"),
        (["id", "gone"], r"\['gone'\] must also be listed under columns"),
        ([], "too_short|at least 1 item"),
        ([["id"]], "valid string"),
        (7, "valid tuple"),
        ({"id": "no"}, "valid tuple"),
    ],
)
def test_a_key_is_of_columns_that_are_read(tmp_path: Path, key: Any, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        loaded(tmp_path, ["id", "no"], key=key)


def test_editors_know_both_ways_to_write_a_key(tmp_path: Path) -> None:
    schema = json.loads(schema_text())
    found = schema["$defs"]["SourceObject"] | {"$defs": schema["$defs"]}
    for key in ("id", ["id", "no"]):
        jsonschema.validate(an_object("leads", ["id", "no"], key=key), found)
    for key in ([], ["id", "id"], 7, "", "n" * 301):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(an_object("leads", ["id", "no"], key=key), found)
