"""Builder: a policy read from a real file, because messages name its lines."""

from pathlib import Path
from typing import Any

import yaml

from fairness_audit.policy.load import LoadedPolicy, load_policy
from tests.builders.domain import policy_content


def a_loaded_policy(folder: Path, **objects: dict[str, Any]) -> LoadedPolicy:
    """Write and read the policy of ``lead_scoring`` with these CRM objects."""
    content = policy_content()
    content["source"]["objects"] = objects
    file = folder / content["model"] / "policy.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return load_policy(file)


def an_object(table: str, columns: list[str], **changes: Any) -> dict[str, Any]:
    """One CRM object in the schema ``crm``, keyed by its first column, without a window."""
    return {"schema": "crm", "table": table, "columns": columns, "key": columns[0]} | changes
