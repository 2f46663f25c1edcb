"""The body of an admission question, read only from who is logged in, and only so far."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from fairness_audit.web.admission import Review

LARGEST = 8 * 1024 * 1024
"""Bytes; Kubernetes stores no object above 1.5 MiB, and sends the new and the old one."""


def _schema() -> dict[str, Any]:
    schema = Review.model_json_schema()
    schema["properties"]["request"] = schema.pop("$defs")["AdmissionRequest"]
    return schema


BODY = {"required": True, "content": {"application/json": {"schema": _schema()}}}
"""The body, for the description."""


def body_of(authenticated: Callable[..., Any]) -> Callable[..., Awaitable[Review]]:
    """A dependency that reads the review. FastAPI itself would read it before the login."""

    async def body(request: Request, _: Annotated[Any, Depends(authenticated)]) -> Review:
        content = bytearray()
        async for part in request.stream():
            content += part
            if len(content) > LARGEST:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large a review")
        try:
            return Review.model_validate_json(bytes(content))
        except ValidationError as error:
            where = ", ".join(".".join(map(str, each["loc"])) or "body" for each in error.errors())
            reason = f"not an AdmissionReview of admission.k8s.io/v1: {where}"
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, reason) from error

    return body
