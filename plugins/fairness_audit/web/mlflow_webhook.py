"""MLflow's webhook, into Airflow: a version that was just registered is audited as a candidate.

MLflow cannot call Airflow's API: it has no token, and posts a body of its own that it signs. This
router takes that body, and nothing without its signature (``mlflow/webhooks/delivery.py``).
Whoever knows the secret can start audits; they can promote nothing.
"""

import base64
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from fairness_audit.errors import AuditError, SettingsError
from fairness_audit.installation import Installation
from fairness_audit.registry.mlflow import DEFAULT_WORKSPACE
from fairness_audit.settings import Settings

log = logging.getLogger(__name__)

_TOLERANCE = 300  # seconds between MLflow's clock and ours, and a delivery's time on the way
_LARGEST = 64 * 1024
_SHORTEST_SECRET = 32
_DELIVERY = re.compile(r"[0-9A-Za-z-]{8,64}")
_SIGNED = {"id": "x-mlflow-delivery-id", "at": "x-mlflow-timestamp", "by": "x-mlflow-signature"}
_WANTED = ("model_version", "created")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Version(_Strict):
    """What MLflow says of a version that was made."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=250)]
    version: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,17}$")]
    source: str
    run_id: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    description: str | None = None


class _Envelope(_Strict):
    """What MLflow posts, whatever happened."""

    entity: str
    action: str
    timestamp: str
    data: dict[str, Any]
    workspace: str | None = None


class _Delivery(_Strict):
    """What MLflow posts when a version was made."""

    entity: Literal["model_version"]
    action: Literal["created"]
    timestamp: str
    data: _Version
    workspace: str | None = None


@dataclass(frozen=True)
class Registered:
    """A version that was registered, and what names MLflow's message about it."""

    registered_model: str
    version: str
    delivery: str


Trigger = Callable[[Registered], Sequence[str]]
"""Starts what audits a version, and gives the runs' ids.

The same delivery must start nothing a second time: MLflow repeats one that was not answered, and
so could somebody who listened. Runs that are named after the delivery see to that.
"""


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def webhook_router(
    trigger: Trigger,
    secret: Callable[[], str],
    *,
    workspace: Callable[[], str] = lambda: DEFAULT_WORKSPACE,
    clock: Callable[[], float] = time.time,
) -> APIRouter:
    """The route ``POST /mlflow``.

    Args:
        trigger: is called with every version that MLflow says was made.
        secret: gives what MLflow signs with; raises an AuditError where there is none.
        workspace: gives the workspace of MLflow that policies speak of: a model of the same name
            in another one is another model.
        clock: seconds since 1970.
    """
    router = APIRouter()

    @router.post("/mlflow", status_code=HTTPStatus.ACCEPTED)
    async def version_registered(request: Request) -> JSONResponse:
        """Start the audits of a version that was registered in MLflow."""
        try:
            body = await _body_of(request)
            delivery = _delivered(body, request.headers, secret(), clock())
            registered = _registered(body, delivery, workspace())
            runs = await run_in_threadpool(trigger, registered) if registered else ()
        except _Refused as refused:
            return JSONResponse({"reason": str(refused)}, refused.status)
        except AuditError as error:  # it may name what is no caller's business
            log.warning("the webhook is not taken: %s", error)
            return JSONResponse(
                {"reason": "not ready; the server's log says why"}, HTTPStatus.SERVICE_UNAVAILABLE
            )
        return JSONResponse({"started": list(runs)}, HTTPStatus.ACCEPTED)

    return router


def signature_of(secret: str, delivery: str, timestamp: str, body: bytes) -> str:
    """What MLflow signs a delivery with."""
    signed = f"{delivery}.{timestamp}.".encode() + body
    made = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


def webhook_secret(settings: Settings) -> str:
    """The secret that MLflow signs with, from the file that the settings name.

    Raises:
        SettingsError: when there is none, or it is too short to be one.
    """
    file = settings.webhook_secret
    if file is None or not file.is_file():
        raise SettingsError(
            "FAIRNESS_AUDIT_HOOK_SECRET: names no file, so no webhook is taken (write 32 random"
            " characters or more to one, and give MLflow the same secret)"
        )
    secret = file.read_text(encoding="utf-8").strip()
    if len(secret) < _SHORTEST_SECRET:
        raise SettingsError(
            f"FAIRNESS_AUDIT_HOOK_SECRET: {file} has fewer than {_SHORTEST_SECRET} characters"
        )
    return secret


def audits_of(installation: Installation, registered_model: str) -> list[str]:
    """The models whose policies audit candidates of a registered model.

    One whose policy cannot be read is not audited, and so not allowed.
    """
    return [
        loaded.policy.model
        for loaded in installation.read_policies().loaded
        if loaded.policy.candidate and loaded.policy.gate.registered_model == registered_model
    ]


def run_id_of(model: str, registered: Registered) -> str:
    """The one run that a delivery starts for a model."""
    return f"webhook__{model}__{registered.version}__{registered.delivery}"


async def _body_of(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "larger than 64 KiB")
    return body


def _delivered(body: bytes, headers: Mapping[str, str], secret: str, now: float) -> str:
    """The id of a delivery that MLflow signed just now."""
    delivery, timestamp, given = (headers.get(name, "") for name in _SIGNED.values())
    unsigned = _Refused(HTTPStatus.UNAUTHORIZED, "not signed with the webhook's secret")
    if not _DELIVERY.fullmatch(delivery) or not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise unsigned
    expected = signature_of(secret, delivery, timestamp, body)
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise unsigned
    if abs(now - int(timestamp)) > _TOLERANCE:
        raise _Refused(HTTPStatus.UNAUTHORIZED, "signed too long ago, or in the future")
    return delivery


def _registered(body: bytes, delivery: str, workspace: str) -> Registered | None:
    """The version that was made; None where something else happened, or somewhere else."""
    try:
        said = _Envelope.model_validate_json(body)
        if (said.entity, said.action) != _WANTED:
            return None
        told = _Delivery.model_validate_json(body)
    except ValidationError as error:
        fields = sorted({".".join(map(str, each["loc"])) or "body" for each in error.errors()})
        raise _Refused(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"not what MLflow posts: {', '.join(fields)}"
        ) from None
    if (told.workspace or DEFAULT_WORKSPACE) != workspace:
        log.info("a version of the workspace %r is none of %r", told.workspace, workspace)
        return None
    return Registered(told.data.name, told.data.version, delivery)
