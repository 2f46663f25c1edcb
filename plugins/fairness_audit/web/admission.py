"""Kubernetes' admission question: may this object, that serves a model version, come in?

The object names the model and its version in two annotations. Those are claims of who made it:
what is served is checked where it is served, by `fairness-audit verify-serving`.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.config import JsonDict

from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.web.model_names import ModelName, VersionName
from fairness_audit.web.reception import NotAnswered

MODEL, VERSION = "fairness-audit/model", "fairness-audit/model-version"
"""The annotations that say which version an object serves."""

_LONGEST_MESSAGE = 2_000
_NAMES: dict[str, TypeAdapter[str]] = {
    MODEL: TypeAdapter(ModelName),
    VERSION: TypeAdapter(VersionName),
}
_EXAMPLE: JsonDict = {
    "apiVersion": "admission.k8s.io/v1",
    "kind": "AdmissionReview",
    "request": {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "operation": "CREATE",
        "object": {"metadata": {"annotations": {MODEL: "lead_scoring", VERSION: "2"}}},
    },
}

Asked = Callable[[str, str], GateDecision]
"""Gives the decision about a model and a version, or raises `NotAnswered`."""


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class AdmissionRequest(_Read):
    """What is to be admitted; all else that Kubernetes sends is left aside."""

    uid: Annotated[str, Field(min_length=1, max_length=200)]
    operation: Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]
    object: dict[str, Any] | None = None
    oldObject: dict[str, Any] | None = None


class Review(_Read):
    """An AdmissionReview of version v1, as Kubernetes sends it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    apiVersion: Literal["admission.k8s.io/v1"]
    kind: Literal["AdmissionReview"]
    request: AdmissionRequest


def reviewed(request: AdmissionRequest, asked: Asked) -> dict[str, Any]:
    """The AdmissionReview that answers: allowed only where the gate allows.

    Taking away is always allowed, and so is what Kubernetes changes on an object that is being
    deleted, while what it runs stays as it was: else nothing that expired could be removed.
    """
    if request.operation == "DELETE" or _is_ending(request):
        return answer(request.uid, True)
    named = _named(request.object or {})
    if isinstance(named, str):
        return answer(request.uid, False, named)
    try:
        decision = asked(*named)
    except NotAnswered as error:
        return answer(request.uid, False, error.reason)
    if decision.decision == "allow":
        return answer(request.uid, True, record_id=decision.record_id)
    about = f"{decision.model} version {decision.model_version}"
    return answer(request.uid, False, f"block: {about}: {'; '.join(decision.reasons)}")


def answer(
    uid: str, allowed: bool, message: str = "", *, record_id: str | None = None
) -> dict[str, Any]:
    """An AdmissionReview that answers the request ``uid``."""
    response: dict[str, Any] = {"uid": uid, "allowed": allowed}
    if not allowed:
        says = f"fairness audit: {message}"[:_LONGEST_MESSAGE]
        response["status"] = {"code": 403, "reason": "Forbidden", "message": says}
    if record_id:
        response["auditAnnotations"] = {"record-id": record_id}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def _named(thing: dict[str, Any]) -> tuple[str, str] | str:
    """Model and version that an object names, or what is wrong with its names."""
    annotations = _part(_part(thing, "metadata"), "annotations")
    for name, kind in _NAMES.items():
        try:
            kind.validate_python(annotations.get(name))
        except ValidationError:
            return f"it needs the annotation {name}, which names what it serves"
    return annotations[MODEL], annotations[VERSION]


def _is_ending(request: AdmissionRequest) -> bool:
    now, before = request.object or {}, request.oldObject or {}
    return (
        request.operation == "UPDATE"
        and bool(_part(before, "metadata").get("deletionTimestamp"))
        and now.get("spec") == before.get("spec")
    )


def _part(thing: dict[str, Any], name: str) -> dict[str, Any]:
    part = thing.get(name)
    return part if isinstance(part, dict) else {}
