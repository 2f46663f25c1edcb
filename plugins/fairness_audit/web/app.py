"""The routes. Every one wants a login, the description too.

Nothing here loads Airflow: who is asking, and whether they may, is passed in.
"""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from fairness_audit.web.admission import Review, reviewed
from fairness_audit.web.admission_body import BODY, body_of
from fairness_audit.web.answers import (
    ADMISSIONS,
    STATUSES,
    Answer,
    PromotedAnswer,
    refused,
    replied,
    unkept,
)
from fairness_audit.web.gatekeeper import Promoted
from fairness_audit.web.model_names import ModelName, VersionName
from fairness_audit.web.reception import AT_ONCE, Asks, MayAsk, NotAnswered, Reception

log = logging.getLogger(__name__)

Authenticated = Callable[..., Any]
"""A FastAPI dependency that gives who is asking, or raises 401."""

_DESCRIPTION = """May this model version be promoted, and may what is promoted stay?

**Only status 200 with `"decision": "allow"` is a yes.** 409 is a no, 503 says that nobody could
tell, and every other status is a question that was not put right; all of them read `block`.

Ask with an Airflow token, as for Airflow's own API; who may read the DAG `audit_<model>` may ask.
"""


def gate_app(
    gatekeeper: Asks, *, authenticated: Authenticated, may_ask: MayAsk, at_once: int = AT_ONCE
) -> FastAPI:
    """The gate's application, to be mounted in a server that knows its users."""
    app = FastAPI(
        title="Fairness audit gate",
        description=_DESCRIPTION,
        version="1",
        dependencies=[Depends(authenticated)],
        openapi_url=None,  # FastAPI's own route asks for no login; ours is below
        redirect_slashes=False,
    )
    reception = Reception(gatekeeper, may_ask, at_once)
    _answer_questions(app, reception, authenticated)
    _answer_admissions(app, reception, authenticated)
    _answer_errors(app)

    @app.get("/openapi.json", include_in_schema=False)
    def description(request: Request) -> JSONResponse:
        """This description."""
        servers = [{"url": request.scope.get("root_path") or "/"}]
        return unkept({**app.openapi(), "servers": servers})

    return app


def _answer_questions(app: FastAPI, reception: Reception, authenticated: Authenticated) -> None:
    @app.get("/api/v1/gate/{model}/{version}", response_model=Answer, responses=STATUSES)
    def may_be_promoted(
        model: Annotated[ModelName, Path(description="A folder of `expectations/`.")],
        version: Annotated[VersionName, Path(description="Its version in the registry.")],
        user: Annotated[Any, Depends(authenticated)],
    ) -> JSONResponse:
        """May this model version be promoted?"""
        return replied(Answer.of(reception.about(user, model, version)))

    @app.get("/api/v1/gate/{model}", response_model=PromotedAnswer, responses=STATUSES)
    def may_stay_promoted(
        model: Annotated[ModelName, Path(description="A folder of `expectations/`.")],
        user: Annotated[Any, Depends(authenticated)],
    ) -> JSONResponse:
        """Which version is promoted now, and may it stay?"""
        told = reception.promoted(user, model)
        if isinstance(told, Promoted):
            return replied(PromotedAnswer.about(told, model))
        return replied(Answer.of(told))


def _answer_admissions(app: FastAPI, reception: Reception, authenticated: Authenticated) -> None:
    body = {"requestBody": BODY}

    @app.post("/api/v1/admission", responses=ADMISSIONS, openapi_extra=body)
    def may_be_admitted(
        review: Annotated[Review, Depends(body_of(authenticated))],
        user: Annotated[Any, Depends(authenticated)],
    ) -> JSONResponse:
        """May this Kubernetes object come in?

        Answered with 200, also where it is not allowed: `response.status.message` says why. Any
        other status is an error of the webhook, which `failurePolicy: Fail` turns into a no.
        """
        return unkept(reviewed(review.request, lambda *named: reception.about(user, *named)))


def _answer_errors(app: FastAPI) -> None:
    """Every error is an answer too, and none of them a yes."""

    @app.exception_handler(NotAnswered)
    def not_answered(_: Request, error: NotAnswered) -> JSONResponse:
        return refused(error.status, error.reason)

    @app.exception_handler(HTTPException)
    def http_error(_: Request, error: HTTPException) -> JSONResponse:
        return refused(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    def not_a_name(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = {f"{each['loc'][-1]}: {each['msg']}" for each in error.errors()}
        return refused(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(sorted(faults)))

    @app.exception_handler(Exception)
    def fault(_: Request, error: Exception) -> JSONResponse:
        log.error("the gate could not answer: %s", type(error).__name__)
        return refused(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error; the server's log has it")
