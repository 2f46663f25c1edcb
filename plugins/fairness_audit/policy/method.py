"""The method of an audit: everything that a verdict follows from besides the data, as digests.

A record holds for one method. So whoever changes what is judged, a statement or a suite, and puts
it back afterwards, has a record of another method than the one that is in force.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

from pydantic import Field, model_validator
from pydantic_core import to_jsonable_python

from fairness_audit.encoding import digest_of
from fairness_audit.policy.base import Strict, is_only_run
from fairness_audit.policy.model import AuditPolicy

VERSIONS: Final[Mapping[str, str]] = {"metrics": "1", "verdicts": "2"}
"""What metrics mean and how verdicts follow from them; raised whenever either becomes another."""

POLICY: Final = "policy"
"""The name of the judged part of the policy among the parts of a method."""

_OURS: Final = ("extract", "assemble", "scoring", "validate", "measure", "comparison")
"""Folders of statements that are the same for every model."""

_ABSENT: Final = "absent"


class Method(Strict):
    """What a verdict follows from, part by part, and one digest of all.

    ``parts`` are SHA-256 digests by name (files of the model, folders of statements that all
    models have in common, the judged part of the policy), and the versions of what is code.
    """

    digest: str = Field(description="SHA-256 of the parts, in canonical JSON.")
    parts: dict[str, str] = Field(
        description=(
            "SHA-256 of each file of the model, of each folder of statements that all models have"
            " in common and of the judged part of the policy; versions of metrics and verdicts."
        )
    )

    @model_validator(mode="after")
    def _digest_is_of_the_parts(self) -> Self:
        if self.digest != digest_of(self.parts):
            raise ValueError("the digest of a method is not that of its parts")
        return self

    @classmethod
    def of(cls, policy: AuditPolicy, home: Path) -> Self:
        """The method that the files of a home, with ``expectations/`` and ``sql/``, make."""
        parts = {POLICY: digest_of(judged_part(policy)), **VERSIONS}
        parts |= {name: _digest(home / name) for name in _own_files(policy, home)}
        for folder in _OURS:
            files = sorted((home / "sql" / folder).glob("*.sql"))
            parts[f"sql/{folder}"] = digest_of({file.name: _digest(file) for file in files})
        return cls(digest=digest_of(parts), parts=parts)

    def changes(self, other: "Method") -> list[str]:
        """The names of the parts that another method does not have, or has otherwise."""
        names = sorted(self.parts.keys() | other.parts.keys())
        return [name for name in names if self.parts.get(name) != other.parts.get(name)]


def judged_part(policy: AuditPolicy) -> Any:
    """What a policy says of what is judged, in its canonical form, without how it is run."""
    return _judged(policy, policy.model_dump(mode="json", by_alias=True))


def run_digest(policy: AuditPolicy) -> str:
    """SHA-256 of what a policy says of how the audit is run, and of nothing that is judged."""
    return digest_of(_only_run(policy) or {})


def keep_method(policy: AuditPolicy, file: Path, folder: Path) -> Method:
    """Copy all files of a method, and the policy, into a folder that is a home of its own.

    What is in the folder vanishes first. Steps that read only the copy are of one method,
    whatever is edited meanwhile.
    """
    home = home_of(file)
    shutil.rmtree(folder, ignore_errors=True)
    ours = (each.relative_to(home).as_posix() for each in _our_files(home))
    for name in (file.relative_to(home).as_posix(), *_own_files(policy, home), *ours):
        if (home / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(home / name, folder / name)
    return Method.of(policy, folder)


def home_of(policy_file: Path) -> Path:
    """The home that a policy file lies in: `<home>/expectations/<model>/policy.yaml`."""
    return policy_file.parents[2]


def _own_files(policy: AuditPolicy, home: Path) -> Iterator[str]:
    """The names of a model's own files: its statements, whether they are there, and suites."""
    staging = f"sql/staging/{policy.source.crm}"
    yield from (f"{staging}/{name}.sql" for name in sorted(policy.source.objects))
    yield f"sql/population/{policy.model}.sql"
    if policy.candidate is not None:
        yield f"sql/features/{policy.model}.sql"
    suites = f"expectations/{policy.model}"
    yield from (f"{suites}/{file.name}" for file in sorted((home / suites).glob("*.json")))


def _our_files(home: Path) -> Iterable[Path]:
    return (file for folder in _OURS for file in sorted((home / "sql" / folder).glob("*.sql")))


def _digest(file: Path) -> str:
    if not file.is_file():
        return _ABSENT
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _judged(value: object, written: Any) -> Any:
    """What was written of a value, without the fields that only say how it is run."""
    if isinstance(value, Strict):
        fields = {field.alias or name: name for name, field in type(value).model_fields.items()}
        return {
            key: _judged(getattr(value, fields[key]), part)
            for key, part in written.items()
            if not is_only_run(type(value).model_fields[fields[key]])
        }
    if isinstance(value, dict):
        return {
            key: _judged(each, part)
            for (key, part), each in zip(written.items(), value.values(), strict=True)
        }
    if isinstance(value, tuple) and any(isinstance(each, Strict) for each in value):
        return [_judged(each, part) for each, part in zip(value, written, strict=True)]
    return written


def _only_run(value: object, *, inside: bool = False) -> Any:
    """The fields that only say how it is run, by their place; None where there is none."""
    if isinstance(value, Strict):
        fields = type(value).model_fields.items()
        each = {
            name: _only_run(getattr(value, name), inside=inside or is_only_run(field))
            for name, field in fields
        }
    elif isinstance(value, dict):
        each = {key: _only_run(own, inside=inside) for key, own in value.items()}
    elif inside:
        return to_jsonable_python(value)
    elif isinstance(value, tuple):
        each = {str(place): _only_run(own) for place, own in enumerate(value)}
    else:
        return None
    return {key: told for key, told in each.items() if told is not None} or None
