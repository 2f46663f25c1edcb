"""What an answer says, and with which status; every answer that is not a yes reads as `block`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Literal

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from fairness_audit.records.signed.audit import GateDecision, Obstacle
from fairness_audit.web.gatekeeper import Promoted

RETRY_AFTER = 30
"""Seconds after which a question that could not be answered may be asked again."""

_RECORD = "0f" * 32
_ALLOW = {
    "decision": "allow",
    "model": "lead_scoring",
    "modelVersion": "2",
    "reasons": ["verdict pass, nothing against it"],
    "recordId": _RECORD,
    "expires": "2026-08-04T12:00:00Z",
    "artifactDigest": "5a" * 32,
    "certain": True,
}


class Answer(BaseModel):
    """May this model version be promoted? Only ``decision: allow`` is a yes."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    decision: Literal["allow", "block"]
    model: str | None = Field(default=None, description="The audited model.")
    model_version: str | None = Field(default=None, description="Its version in the registry.")
    reasons: list[str] = Field(min_length=1, description="Why; never empty.")
    obstacles: list[Obstacle] = Field(
        default=[],
        description=(
            "The findings that stand against it, since when, and what would lift them; also those"
            " that people let through."
        ),
    )
    record_id: str | None = Field(default=None, description="SHA-256 that names the record.")
    expires: datetime | None = Field(default=None, description="Until when the record allows.")
    artifact_digest: str | None = Field(
        default=None, description="SHA-256 of the files it was decided about."
    )
    certain: bool = Field(description="False: nobody could tell; asked again, it may be a yes.")

    @classmethod
    def of(cls, decision: GateDecision) -> "Answer":
        """The answer that a decision of the gate is."""
        expires = decision.expires.astimezone(UTC) if decision.expires else None
        return cls.model_validate(
            decision.model_dump(exclude={"stays"})
            | {
                "model_version": decision.model_version or None,
                "reasons": list(decision.reasons),
                "expires": expires,
            }
        )


class PromotedAnswer(Answer):
    """What is promoted now, and whether it still may be."""

    registered_model: str | None = Field(default=None, description="Its name in the registry.")
    alias: str | None = Field(default=None, description="The alias that the gate guards.")

    @classmethod
    def about(cls, promoted: Promoted, model: str) -> "PromotedAnswer":
        """The answer about an alias; one that names nothing allows nothing."""
        place = {"registered_model": promoted.registered_model, "alias": promoted.alias}
        if promoted.decision is not None:
            return cls.model_validate(Answer.of(promoted.decision).model_dump() | place)
        reason = f"the alias {promoted.alias} of {promoted.registered_model} names no version"
        return cls(decision="block", model=model, reasons=[reason], certain=True, **place)


def status_of(answer: Answer) -> HTTPStatus:
    """200 is a yes, 409 a no, 503 neither."""
    if answer.decision == "allow":
        return HTTPStatus.OK
    return HTTPStatus.CONFLICT if answer.certain else HTTPStatus.SERVICE_UNAVAILABLE


def replied(
    answer: Answer, status: int | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer as a response that nobody keeps."""
    code = status_of(answer) if status is None else status
    return unkept(answer.model_dump(mode="json", by_alias=True), code, headers)


def unkept(
    content: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """JSON that no cache may keep, and no browser take for something else."""
    always = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        always["Retry-After"] = str(RETRY_AFTER)
    return JSONResponse(content, int(status), headers={**(headers or {}), **always})


def refused(status: int, reason: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a question that the gate did not decide: it reads `block`."""
    certain = status in (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
    return replied(Answer(decision="block", reasons=[reason], certain=certain), status, headers)


def _documented(says: str, *reasons: str, **changes: Any) -> dict[str, Any]:
    no = {"decision": "block", "recordId": None, "expires": None, "artifactDigest": None}
    example = _ALLOW | no | {"reasons": [*reasons]} | changes if reasons else _ALLOW
    content = {"application/json": {"example": example}}
    return {"model": Answer, "description": says, "content": content}


_NOBODY: dict[str, Any] = {"model": None, "modelVersion": None}
_UNTOLD: dict[str, Any] = {**_NOBODY, "certain": False}

_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: _documented("Nobody is logged in.", "Not authenticated", **_UNTOLD),
    403: _documented(
        "No valid token, or no right to read the model's DAG.", "you may not", **_UNTOLD
    ),
    500: _documented("An error; the server's log has it.", "internal error", **_UNTOLD),
}

STATUSES: dict[int | str, dict[str, Any]] = _REFUSALS | {
    200: _documented("Allow. The only status that is a yes."),
    404: _documented("There is no such model.", "there is no policy of lead_score", **_NOBODY),
    409: _documented("Block.", "there is no audit record of lead_scoring version 2; audit it"),
    422: _documented("Not a name of a model or version.", "version: not a name", **_NOBODY),
    503: _documented("Nobody could tell. Block, and ask again.", "LedgerError", certain=False),
}
"""What each status of a question means, for the description."""

ADMISSIONS: dict[int | str, dict[str, Any]] = _REFUSALS | {
    200: {"description": "An AdmissionReview, whose `response.allowed` is the answer."},
    413: _documented("Too large a review.", "too large a review", **_UNTOLD),
    422: _documented("Not an AdmissionReview of v1.", "not an AdmissionReview", **_NOBODY),
}
"""What each status of an admission question means."""
