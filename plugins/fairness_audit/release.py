"""The names that a DAG of yours imports to release what the gate allowed."""

from fairness_audit.pipeline.run import PROMOTIONS, promotion_of

__all__ = ["PROMOTIONS", "promotion_of"]
