"""Where things are, from the environment. Nothing here is secret except by reference.

==============================  ==================================================================
``FAIRNESS_AUDIT_HOME``         folder that holds ``expectations/`` and ``sql/`` (default: the
                                checkout this package is in, else the working directory)
``FAIRNESS_AUDIT_STATE``        folder for runs, records and Data Docs (default: ``HOME/.local``)
``FAIRNESS_AUDIT_LEDGER``       SQLAlchemy address of the ledger (default: SQLite in the state)
``FAIRNESS_AUDIT_HEADS``        folder, or address of a folder in an object store, where every
                                record leaves a signed head: a place that nobody who writes to the
                                ledger can write to otherwise (default: ``heads`` in the state)
``FAIRNESS_AUDIT_REGISTRY``     MLflow registry address (default: SQLite in the state). Not read
                                from ``MLFLOW_TRACKING_URI``, which MLflow itself writes
``FAIRNESS_AUDIT_SIGNING_KEY``  path of the ed25519 private key, PEM; only ``publish`` reads it
``FAIRNESS_AUDIT_TRUSTED_KEYS`` folder of public keys, PEM, that records may be signed with
``FAIRNESS_AUDIT_KEEP_RUNS``    days after which the nightly DAG deletes the folder of a run,
                                which holds personal data (default: it is kept, for replays)
``FAIRNESS_AUDIT_DOCS_URL``     address at which reviewers read the Data Docs (default: no link)
``FAIRNESS_AUDIT_UNGUARDED_MODELS``  names, separated by commas, of registered models that no
                                policy audits and that a guarded registry promotes all the same
``FAIRNESS_AUDIT_SUBJECT_KEY``  path of a file with 32 random bytes or more, that keys the
                                pseudonyms of subjects
``FAIRNESS_AUDIT_HOOK_SECRET``  path of a file with what MLflow signs its webhook with, 32
                                characters or more (default: no webhook is taken)
==============================  ==================================================================
"""

import os
from dataclasses import dataclass
from pathlib import Path

from fairness_audit.errors import SettingsError
from fairness_audit.files import PACKAGE, safe_name

UNGUARDED = "FAIRNESS_AUDIT_UNGUARDED_MODELS"


@dataclass(frozen=True)
class Settings:
    """Folders and addresses of one installation."""

    home: Path
    state: Path
    ledger_url: str
    heads: str
    registry_url: str
    signing_key: Path
    trusted_keys: Path
    subject_key: Path
    keep_runs_days: int | None = None
    unguarded_models: frozenset[str] = frozenset()
    docs_url: str | None = None
    webhook_secret: Path | None = None

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the environment; only ``FAIRNESS_AUDIT_HOME`` is checked here."""
        home = Path(os.environ.get("FAIRNESS_AUDIT_HOME") or _default_home()).resolve()
        if not (home / "expectations").is_dir() or not (home / "sql").is_dir():
            raise SettingsError(
                f"FAIRNESS_AUDIT_HOME: {home} has no expectations/ and sql/ folders"
                " (set it to the folder that holds them)"
            )
        state = Path(os.environ.get("FAIRNESS_AUDIT_STATE") or home / ".local").resolve()
        keys = state / "keys"

        def path(variable: str, default: Path) -> Path:
            return Path(os.environ.get(variable) or default).resolve()

        return cls(
            home=home,
            state=state,
            ledger_url=os.environ.get("FAIRNESS_AUDIT_LEDGER")
            or f"sqlite:///{state / 'ledger.db'}",
            heads=os.environ.get("FAIRNESS_AUDIT_HEADS") or str(state / "heads"),
            registry_url=os.environ.get("FAIRNESS_AUDIT_REGISTRY")
            or f"sqlite:///{state / 'mlflow.db'}",
            signing_key=path("FAIRNESS_AUDIT_SIGNING_KEY", keys / "signing.pem"),
            trusted_keys=path("FAIRNESS_AUDIT_TRUSTED_KEYS", keys / "trusted"),
            subject_key=path("FAIRNESS_AUDIT_SUBJECT_KEY", keys / "subject.key"),
            keep_runs_days=_days("FAIRNESS_AUDIT_KEEP_RUNS"),
            unguarded_models=_names(UNGUARDED),
            docs_url=os.environ.get("FAIRNESS_AUDIT_DOCS_URL") or None,
            webhook_secret=_file("FAIRNESS_AUDIT_HOOK_SECRET"),
        )

    @property
    def expectations(self) -> Path:
        """Folder with one folder per audited model."""
        return self.home / "expectations"

    @property
    def sql(self) -> Path:
        """Folder of the static SQL files."""
        return self.home / "sql"

    @property
    def runs(self) -> Path:
        """Folder with one folder per audit run; holds personal data."""
        return self.state / "runs"

    def run_folder(self, model: str, run_id: str) -> Path:
        """The folder of one run."""
        return self.runs / safe_name(model) / safe_name(run_id)

    @property
    def increments(self) -> Path:
        """Folder of what earlier audits read, per model; holds personal data."""
        return self.state / "increments"

    @property
    def records(self) -> Path:
        """Folder with one signed record file per audit."""
        return self.state / "records"

    @property
    def data_docs(self) -> Path:
        """Folder of the static Data Docs site."""
        return self.state / "data_docs"


def _file(variable: str) -> Path | None:
    named = os.environ.get(variable)
    return Path(named).resolve() if named else None


def _days(variable: str) -> int | None:
    text = os.environ.get(variable)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise SettingsError(f"{variable}: {text!r} is not a number of days, 1 or more")
    return int(text)


def _names(variable: str) -> frozenset[str]:
    names = (each.strip() for each in os.environ.get(variable, "").split(","))
    return frozenset(name for name in names if name)


def _default_home() -> Path:
    checkout = PACKAGE.parents[1]
    return checkout if (checkout / "expectations").is_dir() else Path.cwd()
