"""On how many nights the content of a version in production could not be read.

One night says nothing: a store is down, a disk is full. But content that nobody can digest is
content that nobody audited, and who wants it to stay so only has to keep it unreadable.
"""

from datetime import date
from pathlib import Path

from pydantic import TypeAdapter

from fairness_audit.files import write_bytes
from fairness_audit.registry import Contents

_CONTENT = TypeAdapter(dict[str, list[date]])


class Reading:
    """The contents of a registry; ``succeeded`` is None while none was asked for."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self.succeeded: bool | None = None

    def artifact_digest(self, model: str, version: str) -> str:
        """SHA-256 over the content of a model version."""
        self.succeeded = False
        digest = self._contents.artifact_digest(model, version)
        self.succeeded = True
        return digest


class Nights:
    """The nights of an installation, tonight's kept at once; a retry is the same night.

    ``most`` of them in a row are an answer.
    """

    def __init__(self, file: Path, tonight: date, most: int) -> None:
        self.most = most
        self._file, self._tonight = file, tonight
        try:
            self._nights = _CONTENT.validate_json(file.read_bytes())
        except (OSError, ValueError):
            self._nights = {}

    def are_too_many(self, about: str, content: Reading) -> bool:
        """Whether a version's content was not read tonight, for the last time that is waited."""
        nights = self._nights.get(about, [])
        if content.succeeded and nights:
            self._keep(about, [])
        elif content.succeeded is False and self._tonight not in nights:
            self._keep(about, [*nights, self._tonight])
        return content.succeeded is False and len(self._nights[about]) >= self.most

    def _keep(self, about: str, nights: list[date]) -> None:
        self._nights[about] = nights
        write_bytes(self._file, _CONTENT.dump_json(self._nights))
