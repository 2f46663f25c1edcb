"""The parts of a policy that name people: who decides, and who is told."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from fairness_audit.policy.base import ONLY_RUN, Strict, outside_digest

Email = Annotated[
    str, StringConstraints(pattern=r"^[^\s@,;:<>\"()]{1,64}@[^\s@,;:<>\"()]{1,190}$")
]
User = Annotated[str, StringConstraints(pattern=r"^\S(.{0,253}\S)?$")]


class Review(Strict):
    """Who decides what the policy sends to people.

    Who may answer and how long is waited may change without another audit; how many must agree and
    how long a decision may last may not.
    """

    owner: Annotated[str, ONLY_RUN] = Field(
        min_length=3, description="Team or role that is asked."
    )
    approvals: int = Field(
        default=1, ge=1, le=5, description="How many different people approve. A waiver needs two."
    )
    waiver_max_days: int = outside_digest(
        "at its default",
        default=90,
        ge=1,
        le=366,
        reason="policies from before waivers had a longest time keep theirs",
        description=(
            "Days after which a waiver has expired at the latest. An approval lasts as long, for"
            " all audits of the version under this policy that find the same."
        ),
    )
    reviewers: Annotated[tuple[User, ...], ONLY_RUN] = outside_digest(
        "always",
        default=(),
        reason="people come and go, and who answered is signed with the answer",
        description=(
            "Ids of the Airflow users who may answer; the simple login's are its user names."
            " Default: everybody who may edit the DAG review_audit."
        ),
    )
    timeout_hours: Annotated[int, ONLY_RUN] = outside_digest(
        "always",
        default=120,
        ge=1,
        le=8760,
        reason="nothing is let through by waiting",
        description="Hours that are waited for each answer. Without one nothing is let through.",
    )

    @model_validator(mode="after")
    def _enough_may_answer(self) -> Self:
        different = {name.casefold() for name in self.reviewers}
        if self.reviewers and len(different) < self.approvals:
            raise ValueError(
                f"{len(different)} different reviewers cannot give {self.approvals} approvals;"
                " name more, or none to let everybody answer who may edit the DAG"
            )
        return self


class Notify(Strict):
    """Who is told that a version is blocked or waits, or that an audit is late."""

    email: tuple[Email, ...] = Field(
        default=(), description="Addresses; sent through Airflow's SMTP connection."
    )
    webhook: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_.\-]{1,250}$",
        description=(
            'Airflow connection whose address takes {"text": …}, as Slack\'s webhooks do. The'
            " secret part of the address is the connection's password."
        ),
    )
