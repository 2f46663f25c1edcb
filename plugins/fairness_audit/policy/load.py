"""Policy files into policies, or every fault of every file at once."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from fairness_audit.encoding import digest_of
from fairness_audit.errors import PolicyError, PolicyFault
from fairness_audit.policy.consistency import FieldPath, inconsistencies
from fairness_audit.policy.document import Document, read_document
from fairness_audit.policy.method import Method, home_of
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.policy.people import Notify

FILE_NAME = "policy.yaml"

Part = TypeVar("Part", bound=BaseModel)


@dataclass(frozen=True)
class LoadedPolicy:
    """A policy, the digest of its canonical form, and the file it was read from.

    ``method`` is what a verdict follows from, as the files that the policy names are now.
    """

    policy: AuditPolicy
    digest: str
    document: Document
    given_method: Method | None = None

    @property
    def file(self) -> Path:
        """The policy's file."""
        return self.document.file

    @property
    def method(self) -> Method:
        """That which was given, else what the files are now."""
        return self.given_method or Method.of(self.policy, home_of(self.file))

    def changed_since(self, method: Method | None, policy_digest: str) -> str | None:
        """What of what is judged is no longer as it was, in words; None where nothing changed.

        Args:
            method: of then; None where none was recorded.
            policy_digest: of all that the policy said then.
        """
        if method is None:
            return None if policy_digest == self.digest else "the policy has changed"
        if not (changed := self.method.changes(method)):
            return None
        names = [f"the {name}" if "/" not in name else name for name in changed]
        return f"{', '.join(names)} {'has' if len(names) == 1 else 'have'} changed"

    def line_of(self, *path: str | int) -> int:
        """Line of a field, such as ``("source", "objects", "lead", "columns", 3)``."""
        return self.document.line_of(path)


def policy_files(expectations: Path) -> list[Path]:
    """The policy files of a folder with one folder per model, in the order of their names."""
    return sorted(expectations.glob(f"*/{FILE_NAME}"))


class Guarded(BaseModel):
    """What a policy guards, whatever else it says."""

    registered_model: str
    alias: str


class BrokenPolicy(NamedTuple):
    """A policy with faults, and what it guards; None where that is among them."""

    error: PolicyError
    guards: Guarded | None


class ReadPolicies(NamedTuple):
    """The policies of a folder, and those that cannot be read, by their models' names."""

    loaded: list[LoadedPolicy]
    broken: dict[str, BrokenPolicy]


def read_policies(expectations: Path) -> ReadPolicies:
    """Read every policy of a folder; one with faults keeps nobody from the others.

    Raises:
        PolicyError: there is no policy at all.
    """
    loaded, broken = [], {}
    for file in policy_files(expectations):
        try:
            loaded.append(load_policy(file))
        except PolicyError as error:
            broken[file.parent.name] = BrokenPolicy(error, _part(file, "gate", Guarded))
    if not loaded and not broken:
        pattern = expectations / "*" / FILE_NAME
        raise PolicyError(
            [PolicyFault(pattern, 1, "(file)", "no policy found", "add one per model")]
        )
    return ReadPolicies(loaded, broken)


def load_policies(expectations: Path) -> list[LoadedPolicy]:
    """Read every policy of a folder.

    Raises:
        PolicyError: with all faults of all files; also if there is no policy at all.
    """
    loaded, broken = read_policies(expectations)
    faults = [fault for each in broken.values() for fault in each.error.faults]
    if faults:
        raise PolicyError(faults)
    return loaded


def notified_by(file: Path) -> Notify | None:
    """Whom a policy file says to tell, valid or not; None if that cannot be told from it."""
    return _part(file, "notify", Notify)


def _part(file: Path, name: str, kind: type[Part]) -> Part | None:
    """One part of a policy file, whatever else is wrong with it; None if that cannot be read."""
    try:
        return kind.model_validate(read_document(file).content[name])
    except (PolicyError, ValidationError, TypeError, KeyError):
        return None


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


KEPT: Final = "method"
"""Folder of a run in which the files of its method are kept, as a home of its own."""


def kept_policy(run: Path, model: str) -> LoadedPolicy | None:
    """The policy of a model that a run keeps, with all files of its method; None if it has none.

    Raises:
        PolicyError: with every fault of the file.
    """
    file = run / KEPT / "expectations" / model / FILE_NAME
    return load_policy(file) if file.is_file() else None


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
