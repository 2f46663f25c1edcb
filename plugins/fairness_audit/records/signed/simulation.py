"""What a record says of an audit whose decisions a candidate would have made, and nobody did."""

from typing import Annotated

from pydantic import Field

from fairness_audit.records.door import Door


class Simulation(Door):
    """Whose decisions a candidate was put in place of, and how its scores came about.

    ``confinement`` names what held the process in which it scored. ``cut`` is the score of the
    last who is selected; of the ``tied`` rows that have it ``tied_selected`` are. The comparison
    with ``against``, group by group, is the file ``comparison.json`` of that digest.
    """

    against: str
    confinement: tuple[str, ...]
    cut: float | None = None
    tied: int
    tied_selected: int
    comparison_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
