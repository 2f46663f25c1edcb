"""An installation that is asked by its settings, with a registry in memory."""

from pathlib import Path
from typing import Any

import pytest

from fairness_audit.files import write_bytes
from fairness_audit.installation import Installation
from fairness_audit.ledger.keys import public_pem
from fairness_audit.settings import Settings
from fairness_audit.web import Gatekeeper
from tests.builders.fakes import FakeRegistry
from tests.builders.published import MODEL, NOW, SIGNER, a_loaded_policy, digest, published


class Installed:
    """Version 1 of lead scoring passed its audit; the registry is in memory."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "sql").mkdir()
        loaded = a_loaded_policy(folder)
        self.policy = loaded.file
        published(loaded, folder)
        write_bytes(folder / "keys" / "trusted" / "key.pem", public_pem(SIGNER.public_key))
        monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(folder))
        monkeypatch.setenv("FAIRNESS_AUDIT_STATE", str(folder))
        self.settings = Settings.from_environment()
        self.registry: Any = FakeRegistry({(MODEL, "1"): digest("artifact 1")})

    @property
    def opened(self) -> Installation:
        """It, opened."""
        return Installation(self.settings, registry=self.registry)

    @property
    def gatekeeper(self) -> Gatekeeper:
        """Who answers questions about it."""
        opened = self.opened
        return Gatekeeper(lambda: opened, lambda: NOW)
