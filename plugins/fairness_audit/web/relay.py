"""Between Kubernetes and Airflow: takes admission questions over TLS, asks Airflow as a user.

Kubernetes' API server has no Airflow token, and a token ends after a day. This process has a name
and a password in files, gets tokens for them, and passes on what the gate answers:

    python -m fairness_audit.web.relay --airflow https://airflow.example.org
        --login /run/login --certificate /run/tls/tls.crt --key /run/tls/tls.key

Whatever it is told that is not a clear yes about the very object that was asked about, it denies.
"""

import json
import logging
import re
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

import httpx
import typer
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

log = logging.getLogger(__name__)

LARGEST = 8 * 1024 * 1024
"""Bytes of a question; Kubernetes stores no object above 1.5 MiB, and sends the new and old."""

SECONDS = 8.0
"""How long Airflow may take; less than the webhook's `timeoutSeconds`, so that we say why."""

_ADMISSION = "/fairness/api/v1/admission"
_VERSION = "admission.k8s.io/v1"
_UID = re.compile(r"[!-~]{1,200}")


class Airflow:
    """Airflow's API server, asked as one user."""

    def __init__(self, address: str, login: Path, client: httpx.Client | None = None) -> None:
        self._client = client or httpx.Client(base_url=address, timeout=SECONDS)
        self._login = login
        self._token = ""
        self._renewing = Lock()

    def admission(self, review: bytes) -> Any:
        """What the gate answers to an AdmissionReview.

        Raises:
            httpx.HTTPError: when Airflow does not answer, or not with 200.
            OSError: when name or password cannot be read.
            ValueError: when the answer is not JSON.
        """
        before = self._token
        answer = self._ask(before or self._renewed(before), review)
        if answer.status_code in (401, 403) and before:
            answer = self._ask(self._renewed(before), review)
        if answer.status_code != httpx.codes.OK:
            raise httpx.HTTPStatusError("not 200", request=answer.request, response=answer)
        return answer.json()

    def _ask(self, token: str, review: bytes) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return self._client.post(_ADMISSION, content=review, headers=headers)

    def _renewed(self, before: str) -> str:
        with self._renewing:
            if self._token == before:  # else another thread has just done it
                names = ("username", "password")
                login = {name: (self._login / name).read_text("utf-8").strip() for name in names}
                answer = self._client.post("/auth/token", json=login)
                self._token = str(answer.raise_for_status().json()["access_token"])
            return self._token


def relay(airflow: Airflow) -> Starlette:
    """The application: `POST /admission`, and `GET /healthz` for the kubelet."""

    async def admission(request: Request) -> JSONResponse:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > LARGEST:
                return JSONResponse({"error": "too large a review"}, 413)
        uid = _uid_of(bytes(body))
        if uid is None:
            return JSONResponse({"error": f"not an AdmissionReview of {_VERSION}"}, 422)
        return JSONResponse(await run_in_threadpool(_answer, airflow, uid, bytes(body)))

    def healthy(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/admission", admission, methods=["POST"]),
            Route("/healthz", healthy, methods=["GET"]),
        ]
    )


def _answer(airflow: Airflow, uid: str, review: bytes) -> dict[str, Any]:
    try:
        told = airflow.admission(review)
    except Exception as error:  # also what nobody thought of is no yes
        log.warning("no answer of the gate: %s", type(error).__name__)
        return _denied(uid, f"the gate did not answer ({type(error).__name__}); try again")
    return told if _is_answer(told, uid) else _denied(uid, "the gate's answer is not one")


def _is_answer(told: Any, uid: str) -> bool:
    if not isinstance(told, dict) or not isinstance(told.get("response"), dict):
        return False
    response = told["response"]
    return (
        (told.get("apiVersion"), told.get("kind")) == (_VERSION, "AdmissionReview")
        and response.get("uid") == uid
        and isinstance(response.get("allowed"), bool)
        and "patch" not in response
    )


def _uid_of(review: bytes) -> str | None:
    try:
        uid = json.loads(review)["request"]["uid"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return uid if isinstance(uid, str) and _UID.fullmatch(uid) else None


def _denied(uid: str, message: str) -> dict[str, Any]:
    status = {"code": 503, "reason": "ServiceUnavailable", "message": f"fairness audit: {message}"}
    response = {"uid": uid, "allowed": False, "status": status}
    return {"apiVersion": _VERSION, "kind": "AdmissionReview", "response": response}


def main(
    airflow: Annotated[str, typer.Option(help="Address of Airflow's API server.")],
    login: Annotated[Path, typer.Option(help="Folder with the files `username`, `password`.")],
    certificate: Annotated[Path, typer.Option(help="TLS certificate, PEM.")],
    key: Annotated[Path, typer.Option(help="Its key, PEM.")],
    host: Annotated[str, typer.Option(help="Where to listen.")] = "0.0.0.0",  # noqa: S104
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8443,
) -> None:
    """Answer Kubernetes' admission questions with what the gate in Airflow says."""
    uvicorn.run(
        relay(Airflow(airflow, login)),
        host=host,
        port=port,
        ssl_certfile=str(certificate),
        ssl_keyfile=str(key),
        server_header=False,
        lifespan="off",
    )


if __name__ == "__main__":
    typer.run(main)
