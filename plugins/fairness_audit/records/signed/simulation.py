"""What a record says of an audit whose decisions a candidate would have made, and nobody did."""

from pydantic import Field

from fairness_audit.records.door import Door
from fairness_audit.records.signed.in_toto import Sha256


class Simulation(Door):
    """Whose decisions a candidate was put in place of, and how its scores came about.

    ``confinement`` names what held the process in which it scored, ``missing_confinement`` what
    could have and did not. ``cut`` is the score of the
    last who is selected; of the ``tied`` rows that have it ``tied_selected`` are, where neither
    number is too small to be told. The comparison with ``against``, group by group, is the file
    ``comparison.json`` of that digest.
    """

    against: str = Field(description="Version whose decisions the candidate was put in place of.")
    confinement: tuple[str, ...] = Field(
        description="What held the process in which the candidate scored."
    )
    missing_confinement: tuple[str, ...] | None = Field(
        default=None,
        description=(
            "What could have held it and did not, as the machine did not give it; absent in"
            " records of before."
        ),
    )
    cut: float | None = Field(
        default=None,
        description="Score of the last who is selected; absent where nobody is.",
    )
    tied: int | None = Field(
        default=None,
        description="Rows that have this very score; absent where they are too few to be told.",
    )
    tied_selected: int | None = Field(
        default=None,
        description=(
            "Of these, how many are selected; absent where they, or the others, are too few to be"
            " told."
        ),
    )
    comparison_digest: Sha256 = Field(
        description="SHA-256 of the file that says who wins and loses, group by group."
    )
