"""Where the groups come from that an audit is about, and of how many it knows them."""

from fairness_audit.policy.attribute import Provenance
from fairness_audit.records.door import Door


class AttributeSource(Door):
    """A protected attribute in one audit: its provenance, and the share of rows that have it.

    ``coverage`` is rows whose group is known / all rows; None where nothing was measured.
    """

    provenance: Provenance
    coverage: float | None = None
