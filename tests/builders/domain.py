"""Builders: valid objects of the domain with short defaults, changed by keyword."""

from datetime import UTC, datetime
from typing import Any

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.measurement import Measurement

TODAY = datetime(2026, 6, 29, tzinfo=UTC)


def policy_content(**changes: Any) -> dict[str, Any]:
    """The content of a small valid policy file, as YAML would give it."""
    content: dict[str, Any] = {
        "model": "lead_scoring",
        "description": "Which leads are called first.",
        "source": {
            "crm": "sample",
            "connection": "sample_crm",
            "objects": {
                "score_log": {
                    "schema": "ml",
                    "table": "score_log",
                    "columns": ["decision_id", "lead_id", "decided_at", "score", "selected"],
                    "key": "decision_id",
                    "window_on": "decided_at",
                }
            },
        },
        "favourable": "selected",
        "window_days": 28,
        "maturity_days": 60,
        "attributes": {
            "gender": {"provenance": "self_id", "reference_group": "M"},
            "age_band": {"provenance": "self_id", "reference_group": "30-49"},
        },
        "intersections": [["gender", "age_band"]],
        "strata": ["segment"],
        "min_group_size": 30,
        "rules": [
            {
                "id": "four_fifths",
                "metric": "impact_ratio",
                "compare": "ratio",
                "threshold": "4/5",
            }
        ],
        "schedule": {"cron": "0 5 * * 1"},
        "gate": {"registered_model": "lead_scoring", "alias": "champion", "valid_days": 35},
        "review": {"owner": "responsible-ai"},
    }
    return content | changes


def a_policy(**changes: Any) -> AuditPolicy:
    """A small valid policy: gender and age band, their intersection, one four-fifths rule."""
    return AuditPolicy.model_validate(policy_content(**changes))


def a_rate(
    metric: str, group: str, numerator: int, denominator: int, **changes: Any
) -> Measurement:
    """A rate of one group of the attribute `gender`, without an interval."""
    content: dict[str, Any] = {
        "metric": metric,
        "code": None,
        "attribute": "gender",
        "group": group,
        "numerator": numerator,
        "denominator": denominator,
        "value": numerator / denominator if denominator else None,
        "low": None,
        "high": None,
        "p_value": None,
        "n": denominator,
        "method": "wilson",
    }
    return Measurement.model_validate(content | changes)
