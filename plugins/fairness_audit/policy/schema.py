"""The JSON schema of a policy file, for completion in editors.

Written to ``expectations/policy.schema.json`` by ``fairness-audit check --write-schema``.
"""

import json

from fairness_audit.policy.model import AuditPolicy

FILE_NAME = "policy.schema.json"


def schema_text() -> str:
    """The schema as the file holds it."""
    schema = AuditPolicy.model_json_schema(by_alias=True, mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Policy of a fairness audit"
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
