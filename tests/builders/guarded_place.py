"""Builder: an installation that the guard finds by its environment."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairness_audit.guard.guard import Promotion, promoting
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.keys import public_pem
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.policy.load import load_policy
from tests.builders.domain import policy_content
from tests.builders.published import MODEL, SIGNER, appended, digest

FILES = digest("files")
NOW = datetime.now(UTC)


class Place:
    """An installation that the guard finds by its environment."""

    def __init__(self, folder: Path, environment: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.environment = environment
        (folder / "sql").mkdir()
        (folder / "trusted").mkdir()
        (folder / "trusted" / "key.pem").write_bytes(public_pem(SIGNER.public_key))
        environment.setenv("FAIRNESS_AUDIT_HOME", str(folder))
        environment.setenv("FAIRNESS_AUDIT_STATE", str(folder))
        environment.setenv("FAIRNESS_AUDIT_TRUSTED_KEYS", str(folder / "trusted"))
        self.kept_at(f"sqlite:///{folder / 'ledger.db'}")
        self.audits(MODEL)

    def kept_at(self, address: str) -> None:
        """Where the ledger is."""
        self.environment.setenv("FAIRNESS_AUDIT_LEDGER", address)
        self.ledger = Ledger(address, Heads(str(self.folder / "heads")))

    def audits(self, model: str, **gate: Any) -> None:
        """Add a policy."""
        file = self.folder / "expectations" / model / "policy.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        named = {"registered_model": MODEL, "alias": "champion", "valid_days": 35} | gate
        file.write_text(yaml.safe_dump(policy_content(model=model, gate=named)))
        self.policy = load_policy(file)

    def publish(self, **changes: Any) -> None:
        """Publish a record of version 1: it passed, unless it is said otherwise."""
        content = {
            "artifact_digest": FILES,
            "policy_digest": self.policy.digest,
            "issued": NOW,
            "expires": NOW + timedelta(days=35),
        }
        appended(self.ledger, **content | changes)


def promote(name: str = MODEL, alias: str | None = "champion", files: str = FILES) -> None:
    """Promote version 1 as the guarded store would."""
    with promoting(Promotion(name, "1", lambda: files, alias)):
        pass
