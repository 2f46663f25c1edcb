"""The model registry: what a version consists of, and what an alias names."""

from datetime import datetime
from pathlib import Path
from typing import Protocol


class Contents(Protocol):
    """What a decision needs to know of a model version: its content."""

    def artifact_digest(self, model: str, version: str) -> str:
        """SHA-256 over the content of a model version; names and tags play no part in it."""
        ...


class Registry(Contents, Protocol):
    """What an audit needs of a model registry. Every method may raise ``RegistryError``."""

    def copy(self, model: str, version: str, folder: Path) -> str:
        """Copy a version's files into a new folder; the digest is of the copy."""
        ...

    def trained_until(self, model: str, version: str) -> datetime | None:
        """Up to when rows trained or chose a version, by its tag; None if it says nothing."""
        ...

    def alias_target(self, model: str, alias: str) -> str | None:
        """The version an alias names; None if there is no such alias or model yet."""
        ...

    def promote(self, model: str, version: str, alias: str) -> None:
        """Let the alias name this version."""
        ...

    def promoted(self, model: str, *aliases: str) -> tuple[str, ...]:
        """The versions that are in production, by an alias in any spelling or by stage."""
        ...

    def demote(self, model: str, version: str, *aliases: str) -> None:
        """Take a version out of production."""
        ...
