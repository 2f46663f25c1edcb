"""What a valid policy needs beside it before its audit can run."""

from collections.abc import Iterator
from pathlib import Path

from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.settings import Settings


def missing_files(settings: Settings, loaded: LoadedPolicy) -> Iterator[str]:
    """Every file that is not there, with the line of the policy that asks for it."""
    policy = loaded.policy
    staging = settings.sql / "staging" / policy.source.crm
    wanted: dict[tuple[str, ...], Path] = {
        ("source", "objects", name): staging / f"{name}.sql" for name in policy.source.objects
    }
    wanted[("model",)] = settings.sql / "population" / f"{policy.model}.sql"
    if policy.candidate is not None:
        wanted[("candidate",)] = settings.sql / "features" / f"{policy.model}.sql"
    for field, file in wanted.items():
        if not file.is_file():
            yield f"{loaded.file}:{loaded.line_of(*field)}: {'.'.join(field)}: needs {file}"
    if not list(loaded.file.parent.glob("*.json")):
        yield f"{loaded.file.parent}: has no Great Expectations suite; add quality.json"
