"""A gate's API on a real socket, answering from memory, and AdmissionReviews to send it."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from fairness_audit.demo.vendors.serving import serving
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.web import gate_app
from fairness_audit.web.gatekeeper import Promoted
from fairness_audit.web.reception import Asks
from tests.builders.published import NOW, digest

TOKENS = {"Bearer t-reader": "reader", "Bearer t-stranger": "stranger"}
READER, STRANGER = ({"Authorization": token} for token in TOKENS)
_bearer = HTTPBearer(auto_error=False)


def a_decision(decision: str = "allow", **changes: Any) -> GateDecision:
    """Lead scoring version 2 is allowed until the end of the record."""
    content: dict[str, Any] = {
        "decision": decision,
        "model": "lead_scoring",
        "model_version": "2",
        "reasons": ("verdict pass, nothing against it",),
        "record_id": digest("record"),
        "expires": NOW,
        "artifact_digest": digest("artifact 2"),
    }
    return GateDecision.model_validate(content | changes)


@dataclass
class FakeGatekeeper:
    """Answers what it was told to; ``asked`` lists every question."""

    answers: dict[tuple[str, str], GateDecision] = field(default_factory=dict)
    aliases: dict[str, Promoted | GateDecision] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    error: Exception | None = None
    waits_for: Event | None = None

    def about(self, model: str, version: str) -> GateDecision | None:
        self.asked.append((model, version))
        if self.waits_for is not None:
            assert self.waits_for.wait(30)
        if self.error is not None:
            raise self.error
        return self.answers.get((model, version))

    def promoted(self, model: str) -> Promoted | GateDecision | None:
        self.asked.append((model,))
        return self.aliases.get(model)


def a_user(
    sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    """Who holds one of the tokens."""
    user = sent and TOKENS.get(f"{sent.scheme} {sent.credentials}")
    if not user:
        raise HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})
    return user


@dataclass(frozen=True)
class Reply:
    """A response as it came."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def is_a_yes(self) -> bool:
        """What somebody reads who looks at the status or at the decision."""
        return self.status == 200 or '"allow"' in self.text


@dataclass(frozen=True)
class Caller:
    """Sends a path as it is written, without mending it."""

    address: str

    def get(self, path: str, headers: dict[str, str] | None = None) -> Reply:
        return self.send("GET", path, headers or {})

    def post(self, path: str, headers: dict[str, str], body: Any) -> Reply:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send("POST", path, headers, content)

    def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> Reply:
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=60)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            kept = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, kept, response.read().decode())
        finally:
            connection.close()


@contextmanager
def served(gatekeeper: Asks, **changes: Any) -> Iterator[Caller]:
    """The API as `reader` may ask it about every model but `secret_model`, and nobody else."""
    app = gate_app(
        gatekeeper,
        authenticated=a_user,
        may_ask=lambda user, model: user == "reader" and model != "secret_model",
        **changes,
    )
    with serving(app) as address:
        yield Caller(address)


def a_review(operation: str = "CREATE", **changes: Any) -> dict[str, Any]:
    """Kubernetes asks about an InferenceService that serves lead scoring version 2."""
    request: dict[str, Any] = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {
            "group": "serving.kserve.io",
            "version": "v1beta1",
            "kind": "InferenceService",
        },
        "resource": {
            "group": "serving.kserve.io",
            "version": "v1beta1",
            "resource": "inferenceservices",
        },
        "name": "lead-scoring",
        "namespace": "crm-models",
        "operation": operation,
        "userInfo": {"username": "deployer", "groups": ["system:authenticated"]},
        "object": a_service(),
        "oldObject": None,
        "dryRun": False,
        "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
    }
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": request | changes,
    }


def a_service(model: Any = "lead_scoring", version: Any = "2", **changes: Any) -> dict[str, Any]:
    """An InferenceService; a name that is None is left out."""
    named = {"fairness-audit/model": model, "fairness-audit/model-version": version}
    annotations = {name: value for name, value in named.items() if value is not None}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "lead-scoring", "annotations": annotations},
        "spec": {"predictor": {"containers": [{"name": "kserve-container"}]}},
    } | changes
