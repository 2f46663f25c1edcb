"""Publish: what an audit found, signed, appended to the ledger once, and written as files."""

from fairness_audit.steps.publish.publish import publish, publish_review
from fairness_audit.steps.publish.void import publish_void

__all__ = ["publish", "publish_review", "publish_void"]
