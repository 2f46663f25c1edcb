"""The JSON schema of what is signed: the payloads of records and heads.

Written to ``expectations/record.schema.json`` by ``fairness-audit check --write-schema``, for
whoever reads records without this project.
"""

import json
from typing import Any

from pydantic.json_schema import models_json_schema

from fairness_audit.records.signed.audit_statement import AuditStatement
from fairness_audit.records.signed.head import HeadStatement
from fairness_audit.records.signed.review_statement import ReviewStatement
from fairness_audit.records.signed.void_statement import VoidStatement

FILE_NAME = "record.schema.json"

_STATEMENTS = (AuditStatement, ReviewStatement, VoidStatement, HeadStatement)


def schema_text() -> str:
    """The schema as the file holds it."""
    return json.dumps(_schema(), indent=2, sort_keys=True) + "\n"


def _schema() -> dict[str, Any]:
    _, schema = models_json_schema(
        [(each, "validation") for each in _STATEMENTS],
        by_alias=True,
        title="Signed records of fairness audits",
        description=(
            "The payload of a DSSE envelope (payloadType application/vnd.in-toto+json): an"
            " in-toto Statement v1 about an audit, a review, a void, or the head of the ledger."
            " Payloads are canonical JSON (RFC 8785); what is absent has no key, and is never"
            " null."
        ),
    )
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["oneOf"] = [{"$ref": f"#/$defs/{each.__name__}"} for each in _STATEMENTS]
    return schema
