"""A field of what is signed is described in one place; the rest follows from there."""

import json
from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.audit_statement import AuditPredicate, AuditStatement
from fairness_audit.records.signed.in_toto import Sha256
from fairness_audit.records.signed.layout import (
    IS_SAID,
    digest_of_subject,
    in_predicate,
    states,
)
from tests.builders.published import a_record, digest


class MadeUp(AuditRecord):
    """An audit record with a field more of every kind."""

    region: str = Field(description="Where the subjects live.")
    remark: str | None = Field(default=None, description="What else there is to say.")
    times: Annotated[int, in_predicate("times_asked")] = Field(
        ge=1, description="How often they were asked."
    )
    consent_digest: Annotated[Sha256, digest_of_subject("consent")]


@states(MadeUp)
class MadeUpPredicate(AuditPredicate):
    """What was found, and more."""


class MadeUpStatement(AuditStatement):
    """The Statement of it."""

    predicate: Annotated[MadeUpPredicate, IS_SAID]


RECORD = MadeUp(
    **dict(a_record()), region="north", remark="none", times=2, consent_digest=digest("consent")
)


def payload(record: MadeUp) -> bytes:
    statement = MadeUpStatement.of(record)
    return json.dumps(statement.model_dump(mode="json", by_alias=True, exclude_none=True)).encode()


def test_a_made_up_field_is_in_the_payload() -> None:
    content = json.loads(payload(RECORD))
    said = content["predicate"]
    assert (said["region"], said["remark"], said["timesAsked"]) == ("north", "none", 2)
    assert content["subject"][-1] == {"name": "consent", "digest": {"sha256": digest("consent")}}
    assert (
        "remark"
        not in json.loads(payload(RECORD.model_copy(update={"remark": None})))["predicate"]
    )


@pytest.mark.parametrize("remark", ["none", None])
def test_a_made_up_field_is_read_back(remark: str | None) -> None:
    record = RECORD.model_copy(update={"remark": remark})
    assert MadeUpStatement.model_validate_json(payload(record)).read_as(MadeUp) == record


def test_a_made_up_field_is_in_the_schema_with_its_meaning() -> None:
    definition = MadeUpStatement.model_json_schema(by_alias=True)["$defs"]["MadeUpPredicate"]
    assert definition["properties"]["region"]["description"] == "Where the subjects live."
    assert definition["properties"]["remark"]["description"] == "What else there is to say."
    assert definition["properties"]["timesAsked"] == {
        "description": "How often they were asked.",
        "minimum": 1,
        "title": "Timesasked",
        "type": "integer",
    }
    assert {"region", "timesAsked"} <= set(definition["required"])
    assert "remark" not in definition["required"]


def changed(content: dict[str, Any], **changes: Any) -> bytes:
    said = {**content["predicate"], **changes}
    return json.dumps(content | {"predicate": said}).encode()


def test_a_made_up_field_is_read_as_strictly_as_all() -> None:
    content = json.loads(payload(RECORD))
    with pytest.raises(ValidationError, match="timesAsked"):
        MadeUpStatement.model_validate_json(changed(content, timesAsked=0))
    del content["predicate"]["region"]
    with pytest.raises(ValidationError, match="region"):
        MadeUpStatement.model_validate_json(changed(content))


def test_a_digest_of_another_subject_is_refused() -> None:
    statement = AuditStatement.of(a_record())
    with pytest.raises(ValueError, match=r"subject: must be model, .*, report, consent"):
        statement.read_as(MadeUp)
