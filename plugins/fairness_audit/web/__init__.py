"""All that answers over HTTP; who may ask is passed in."""

from fairness_audit.web.app import gate_app
from fairness_audit.web.gatekeeper import Gatekeeper

__all__ = ["Gatekeeper", "gate_app"]
