"""Stand-ins for services, that behave as the real ones do."""

from datetime import datetime

from fairness_audit.errors import RegistryError


class FakeRegistry:
    """A model registry in memory; ``promotions`` lists every move of an alias.

    ``read`` lists the versions whose content was read, each time it was.
    """

    def __init__(self, digests: dict[tuple[str, str], str]) -> None:
        self.digests = digests
        self.aliases: dict[tuple[str, str], str] = {}
        self.promotions: list[tuple[str, str, str]] = []
        self.read: list[str] = []
        self.trained: dict[str, datetime] = {}

    def artifact_digest(self, model: str, version: str) -> str:
        if (model, version) not in self.digests:
            raise RegistryError(f"no {model} version {version} (register it)")
        self.read.append(version)
        return self.digests[model, version]

    def alias_target(self, model: str, alias: str) -> str | None:
        return self.aliases.get((model, alias))

    def trained_until(self, model: str, version: str) -> datetime | None:
        self.artifact_digest(model, version)
        return self.trained.get(version)

    def promote(self, model: str, version: str, alias: str) -> None:
        self.artifact_digest(model, version)
        self.aliases[model, alias] = version
        self.promotions.append((model, version, alias))

    def promoted(self, model: str, *aliases: str) -> tuple[str, ...]:
        targets = {self.alias_target(model, each) for each in aliases}
        return tuple(sorted(target for target in targets if target is not None))

    def demote(self, model: str, version: str, *aliases: str) -> None:
        for alias in aliases:
            if self.alias_target(model, alias) == version:
                del self.aliases[model, alias]
