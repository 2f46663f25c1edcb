"""Policy files into policies, or every fault of every file at once."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from fairness_audit.encoding import digest_of
from fairness_audit.errors import PolicyError, PolicyFault
from fairness_audit.policy.consistency import FieldPath, inconsistencies
from fairness_audit.policy.document import Document, read_document
from fairness_audit.policy.model import AuditPolicy

FILE_NAME = "policy.yaml"


@dataclass(frozen=True)
class LoadedPolicy:
    """A policy, the digest of its canonical form, and the file it was read from."""

    policy: AuditPolicy
    digest: str
    document: Document

    @property
    def file(self) -> Path:
        """The policy's file."""
        return self.document.file

    def line_of(self, *path: str | int) -> int:
        """Line of a field, such as ``("source", "objects", "lead", "columns", 3)``."""
        return self.document.line_of(path)


def policy_files(expectations: Path) -> list[Path]:
    """The policy files of a folder with one folder per model, in the order of their names."""
    return sorted(expectations.glob(f"*/{FILE_NAME}"))


def load_policies(expectations: Path) -> list[LoadedPolicy]:
    """Read every policy of a folder.

    Raises:
        PolicyError: with all faults of all files; also if there is no policy at all.
    """
    loaded, faults = [], []
    for file in policy_files(expectations):
        try:
            loaded.append(load_policy(file))
        except PolicyError as error:
            faults += error.faults
    if not loaded and not faults:
        pattern = expectations / "*" / FILE_NAME
        faults = [PolicyFault(pattern, 1, "(file)", "no policy found", "add one per model")]
    if faults:
        raise PolicyError(faults)
    return loaded


def load_policy(file: Path, *, model: str | None = None) -> LoadedPolicy:
    """Read one policy file: that of ``model``, or else of the model its folder is named after.

    Raises:
        PolicyError: with every fault of the file.
    """
    document = read_document(file)
    faults = list(_faults(document, model))
    if faults:
        raise PolicyError(faults)
    policy = AuditPolicy.model_validate(document.content)
    return LoadedPolicy(policy, policy_digest(policy), document)


def policy_digest(policy: AuditPolicy) -> str:
    """SHA-256 of the policy's canonical form: spelling, order and comments do not matter."""
    return digest_of(policy.model_dump(mode="json", by_alias=True))


def _faults(document: Document, asked: str | None) -> Iterator[PolicyFault]:
    if not isinstance(document.content, dict):
        cure = "begin with model: <name>; expectations/policy.schema.json lists the fields"
        yield PolicyFault(document.file, 1, "(file)", "is not a mapping of fields", cure)
        return
    for where, fault, cure in inconsistencies(document.content):
        yield _fault(document, where, fault, cure)
    folder, model = document.file.parent.name, document.content.get("model")
    if isinstance(model, str) and asked is not None and model != asked:
        fault = f"the model {model!r} is not {asked!r}"
        yield _fault(document, ("model",), fault, f"name a policy of {asked}")
    if isinstance(model, str) and asked is None and model != folder:
        fault = f"the model {model!r} lies in the folder {folder!r}"
        yield _fault(document, ("model",), fault, "give both the same name")
    try:
        AuditPolicy.model_validate(document.content)
    except ValidationError as error:
        for each in error.errors():
            if each["loc"]:  # what is wrong across fields has been reported above
                fault, _, cure = each["msg"].removeprefix("Value error, ").partition("; ")
                yield _fault(document, each["loc"], fault, cure or _cure(each))


def _fault(document: Document, where: FieldPath, fault: str, cure: str) -> PolicyFault:
    field = ".".join(str(part) for part in where if part != "[key]")
    return PolicyFault(document.file, document.line_of(where), field, fault, cure)


_CURES = {
    "missing": "add this field",
    "enum": "use one of the listed words",
    "literal_error": "use one of the listed words",
    "string_type": "put the value in quotes",
    "string_pattern_mismatch": "lower-case letters, digits and _ name our things; see the schema",
    "too_short": "name at least one",
}


def _cure(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return _nearest(error["loc"])
    return _CURES.get(error["type"], "see expectations/policy.schema.json")


def _nearest(where: FieldPath) -> str:
    """The known key an unknown one was probably meant to be."""
    known = sorted(_known_keys(AuditPolicy))
    near = difflib.get_close_matches(str(where[-1]), known, n=1)
    return (
        f"did you mean {near[0]!r}?"
        if near
        else "remove it, or see expectations/policy.schema.json"
    )


def _known_keys(model: type[BaseModel]) -> set[str]:
    keys: set[str] = set()
    for definition in model.model_json_schema().get("$defs", {}).values():
        keys |= set(definition.get("properties", {}))
    return keys | set(model.model_fields)
