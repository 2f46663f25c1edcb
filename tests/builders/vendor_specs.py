"""What vendors publish of their APIs (OpenAPI), read where it lies beside the checkout."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.builders.shared_data import SHARED_DATA

SPECS = SHARED_DATA.parent / "specs"
_SCHEMAS = "#/components/schemas/"


@dataclass(frozen=True)
class Operation:
    """One method of one path: what may be asked, and what may be answered."""

    content: dict[str, Any]
    described: dict[str, Any]
    keeps_required: bool

    @property
    def parameters(self) -> set[str]:
        """The names of the query's parameters."""
        return {str(self._resolved(each)["name"]) for each in self.described.get("parameters", ())}

    @property
    def statuses(self) -> set[str]:
        """The statuses that are documented."""
        return set(self.described["responses"])

    def check_request(self, body: Any) -> None:
        """Hold what is asked against its schema."""
        told = self.described["requestBody"]["content"]["application/json"]["schema"]
        self._check(body, told)

    def check_answer(self, status: int, body: Any) -> None:
        """Hold what is answered against its schema."""
        responses = self.described["responses"]
        told = self._resolved(responses.get(str(status)) or responses["default"])
        kinds = told.get("content", {})
        assert "application/json" in kinds or "*/*" in kinds, f"{status} has no JSON"
        schema = (kinds.get("application/json") or kinds["*/*"])["schema"]
        self._check(body, schema)

    def _resolved(self, given: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in given:
            *parts, last = given["$ref"].removeprefix("#/").split("/")
            found: Any = self.content
            for part in parts:
                found = found[part]
            given = found[last]
        return given

    def _check(self, body: Any, schema: Any) -> None:
        components = self.content["components"]["schemas"]
        known = {name: self._schema(each) for name, each in components.items()}
        whole = {"allOf": [self._schema(schema)], "components": {"schemas": known}}
        jsonschema.validate(body, whole)

    def _schema(self, given: Any) -> Any:
        """A schema of OpenAPI as one of JSON: what may be null, and what may be anything."""
        if isinstance(given, list):
            return [self._schema(each) for each in given]
        if not isinstance(given, dict):
            return given
        if "$ref" in given:
            return given if given["$ref"].startswith(_SCHEMAS) else {}  # of a file of its own
        if given.get("type") == "object" and not given.keys() & {
            "properties",
            "additionalProperties",
        }:
            return {}
        dropped = {"nullable", "example"} | (set() if self.keeps_required else {"required"})
        schema = {
            ("anyOf" if name == "oneOf" else name): self._below(name, value)
            for name, value in given.items()
            if name not in dropped
        }
        return {"anyOf": [schema, {"type": "null"}]} if given.get("nullable") else schema

    def _below(self, name: str, value: Any) -> Any:
        if name == "properties":
            return {each: self._schema(schema) for each, schema in value.items()}
        return value if name in ("enum", "required", "pattern") else self._schema(value)


def operation(vendor: str, name: str, method: str, path: str) -> Operation:
    """The operation of a path as it was asked for.

    Zoho's specification requires more than anybody sends: what it requires is not held.
    """
    file = SPECS / vendor / f"{name}.json"
    if not file.is_file():
        pytest.skip(f"no {vendor}/{file.name}: FAIRNESS_AUDIT_SHARED_DATA has no specs beside it")
    content = json.loads(file.read_text(encoding="utf-8"))
    found = [
        methods[method.lower()]
        for template, methods in content["paths"].items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and method.lower() in methods
    ]
    assert found, f"{method} {path} is not in {Path(vendor, file.name)}"
    return Operation(content, found[0], keeps_required=vendor != "zoho")
