"""What is signed is documented, and needs nothing of this project to be verified."""

import json
from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator, ValidationError

from fairness_audit.records.signed.dsse import sign
from fairness_audit.records.signed.schema import FILE_NAME, schema_text
from tests import CHECKOUT
from tests.builders.envelopes import ENVELOPES, payload
from tests.builders.published import LOGICAL_DATE, SIGNER, a_record

SCHEMA = Draft202012Validator(json.loads(schema_text()))


def test_the_file_is_in_step() -> None:
    assert (CHECKOUT / "expectations" / FILE_NAME).read_text(encoding="utf-8") == schema_text()


def test_every_field_says_what_it_means() -> None:
    fields = {
        f"{name}.{field}": content
        for name, definition in json.loads(schema_text())["$defs"].items()
        for field, content in definition.get("properties", {}).items()
    }
    assert len(fields) > 50
    assert [name for name, content in fields.items() if "description" not in content] == []


@pytest.mark.parametrize("what", ENVELOPES)
def test_what_is_signed_is_as_documented(what: str) -> None:
    said = payload(ENVELOPES[what])
    SCHEMA.validate(said)
    predicate = said["predicate"]
    for wrong in (
        said | {"surprise": 1},
        said | {"predicate": predicate | {"surprise": 1}},
        said | {"predicate": {name: predicate[name] for name in predicate if name != "seq"}},
        said | {"predicate": predicate | {"timeVerified": 5}},
        said | {"predicateType": "urn:somebody-else:v1"},
    ):
        with pytest.raises(ValidationError):
            SCHEMA.validate(wrong)


@pytest.mark.parametrize("what", ENVELOPES)
def test_in_toto_accepts_it(what: str) -> None:
    from google.protobuf import json_format
    from in_toto_attestation.v1.statement import Statement
    from in_toto_attestation.v1.statement_pb2 import Statement as Message

    content = payload(ENVELOPES[what])
    Statement.copy_from_pb(json_format.ParseDict(content, Message())).validate()
    content["subject"][0]["digest"] = {}
    with pytest.raises(ValueError, match="digest"):
        Statement.copy_from_pb(json_format.ParseDict(content, Message())).validate()


def test_an_attribute_of_which_nothing_was_measured_can_be_signed() -> None:
    record = a_record(
        logical_date=LOGICAL_DATE + timedelta(days=1),
        attributes={"gender": {"provenance": "self_id", "coverage": None}},
    )
    SCHEMA.validate(payload(sign(record, SIGNER).envelope))
