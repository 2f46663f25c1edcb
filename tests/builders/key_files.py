"""Builder: settings whose keys are in one folder."""

from dataclasses import replace
from pathlib import Path

from fairness_audit.settings import Settings


def settings_in(folder: Path) -> Settings:
    keys = folder / "keys"
    return replace(
        Settings.from_environment(),
        signing_key=keys / "signing.pem",
        trusted_keys=keys / "trusted",
        subject_key=keys / "subject.key",
    )
