"""The gate over HTTP. It knows nothing of Airflow: who may ask is passed in."""

from fairness_audit.api.app import gate_app
from fairness_audit.api.gatekeeper import Gatekeeper

__all__ = ["Gatekeeper", "gate_app"]
