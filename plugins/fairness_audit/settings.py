"""Where things are, from the environment. Nothing here is secret except by reference."""

import os
from dataclasses import dataclass
from pathlib import Path

from fairness_audit.errors import SettingsError
from fairness_audit.files import PACKAGE, safe_name


@dataclass(frozen=True)
class Variable:
    """One environment variable: what it says, and what holds where it is not set or empty."""

    name: str
    meaning: str
    default: str

    def given(self) -> str | None:
        """What the environment says; None where it says nothing."""
        return os.environ.get(self.name) or None


HOME = Variable(
    "FAIRNESS_AUDIT_HOME",
    "Folder that holds `expectations/` and `sql/`.",
    default="the checkout this package is in, else the working directory",
)
STATE = Variable(
    "FAIRNESS_AUDIT_STATE",
    "Folder for runs, records and Data Docs. Runs hold personal data.",
    default="`.local` in the home",
)
LEDGER = Variable(
    "FAIRNESS_AUDIT_LEDGER",
    "SQLAlchemy address of the ledger: SQLite or PostgreSQL.",
    default="SQLite: `ledger.db` in the state",
)
HEADS = Variable(
    "FAIRNESS_AUDIT_HEADS",
    "Folder, or address of a folder in an object store, where every record leaves a signed head:"
    " a place that nobody who writes to the ledger can write to otherwise.",
    default="`heads` in the state",
)
WITNESS = Variable(
    "FAIRNESS_AUDIT_WITNESS",
    "Folder, or address of a folder in an object store, where every head is kept a third time: a"
    " place that nobody can overwrite who can put back an older copy of the ledger and its heads.",
    default="none",
)
SEEN = Variable(
    "FAIRNESS_AUDIT_SEEN",
    "Folder in which who asks remembers the newest head that it saw, and refuses an older copy of"
    " the ledger. Give each guard one of its own.",
    default="`seen` in the state",
)
REGISTRY = Variable(
    "FAIRNESS_AUDIT_REGISTRY",
    "Address of MLflow's registry. `MLFLOW_TRACKING_URI` is not read: MLflow itself writes it.",
    default="SQLite: `mlflow.db` in the state",
)
SIGNING_KEY = Variable(
    "FAIRNESS_AUDIT_SIGNING_KEY",
    "Path of the ed25519 private key, PEM: for what publishes records, and for `fairness-audit"
    " ledger rotate-key`; nothing else reads it.",
    default="`keys/signing.pem` in the state",
)
TRUSTED_KEYS = Variable(
    "FAIRNESS_AUDIT_TRUSTED_KEYS",
    "Folder of public keys, PEM, that records may be signed with.",
    default="`keys/trusted` in the state",
)
SUBJECT_KEY = Variable(
    "FAIRNESS_AUDIT_SUBJECT_KEY",
    "Path of a file with 32 random bytes or more, which keys the pseudonyms of subjects.",
    default="`keys/subject.key` in the state",
)
KEEP_RUNS = Variable(
    "FAIRNESS_AUDIT_KEEP_RUNS",
    "Days after which the nightly DAG deletes the folder of a run, which holds personal data.",
    default="it is kept, for replays",
)
UNREAD_NIGHTS = Variable(
    "FAIRNESS_AUDIT_UNREAD_NIGHTS",
    "Nights in a row on which the content of a version in production cannot be read, after which"
    " the nightly sweep takes that for a no, and demotes where a policy says so.",
    default="3",
)
UNGUARDED = Variable(
    "FAIRNESS_AUDIT_UNGUARDED_MODELS",
    "Names, separated by commas, of registered models that no policy audits and that a guarded"
    " registry promotes all the same.",
    default="none",
)
USUAL_ALIASES = (
    "champion", "production", "prod", "prd", "live", "serving", "served", "deployed", "current",
    "active", "primary", "default", "release", "released", "stable", "approved", "online",
)  # fmt: skip
GUARDED = Variable(
    "FAIRNESS_AUDIT_GUARDED_ALIASES",
    "Aliases, separated by commas, that of an audited model are guarded besides the one its policy"
    " names: names by which a version is usually served.",
    default=", ".join(f"`{each}`" for each in USUAL_ALIASES),
)
DOCS_URL = Variable(
    "FAIRNESS_AUDIT_DOCS_URL",
    "Address at which reviewers read the Data Docs.",
    default="no link",
)
HOOK_SECRET = Variable(
    "FAIRNESS_AUDIT_HOOK_SECRET",
    "Path of a file with what MLflow signs its webhook with, 32 characters or more.",
    default="no webhook is taken",
)
SCORING_CGROUPS = Variable(
    "FAIRNESS_AUDIT_SCORING_CGROUPS",
    "Folder of a control group, handed over to who runs the tasks, in which each scoring of a"
    " candidate gets a group of its own that bounds its memory and threads.",
    default="no group is made",
)

VARIABLES = (
    HOME,
    STATE,
    LEDGER,
    HEADS,
    WITNESS,
    SEEN,
    REGISTRY,
    SIGNING_KEY,
    TRUSTED_KEYS,
    SUBJECT_KEY,
    KEEP_RUNS,
    UNREAD_NIGHTS,
    UNGUARDED,
    GUARDED,
    DOCS_URL,
    HOOK_SECRET,
    SCORING_CGROUPS,
)
"""Every setting there is, in the order a reader wants them."""


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
    seen: Path | None = None
    witness: str | None = None
    keep_runs_days: int | None = None
    unread_nights: int = 3
    unguarded_models: frozenset[str] = frozenset()
    guarded_aliases: frozenset[str] = frozenset()
    docs_url: str | None = None
    webhook_secret: Path | None = None
    scoring_cgroups: Path | None = None

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the environment; only the home is checked here."""
        home = Path(HOME.given() or _default_home()).resolve()
        if not (home / "expectations").is_dir() or not (home / "sql").is_dir():
            raise SettingsError(
                f"{HOME.name}: {home} has no expectations/ and sql/ folders"
                " (set it to the folder that holds them)"
            )
        state = Path(STATE.given() or home / ".local").resolve()
        keys = state / "keys"
        hook_secret = HOOK_SECRET.given()
        cgroups = SCORING_CGROUPS.given()
        return cls(
            home=home,
            state=state,
            ledger_url=LEDGER.given() or f"sqlite:///{state / 'ledger.db'}",
            heads=HEADS.given() or str(state / "heads"),
            registry_url=REGISTRY.given() or f"sqlite:///{state / 'mlflow.db'}",
            signing_key=Path(SIGNING_KEY.given() or keys / "signing.pem").resolve(),
            trusted_keys=Path(TRUSTED_KEYS.given() or keys / "trusted").resolve(),
            subject_key=Path(SUBJECT_KEY.given() or keys / "subject.key").resolve(),
            seen=Path(SEEN.given() or state / "seen").resolve(),
            witness=WITNESS.given(),
            keep_runs_days=_days(KEEP_RUNS),
            unread_nights=_days(UNREAD_NIGHTS) or int(UNREAD_NIGHTS.default),
            unguarded_models=_names(UNGUARDED.given()),
            guarded_aliases=_names(GUARDED.given() or ",".join(USUAL_ALIASES)),
            docs_url=DOCS_URL.given(),
            webhook_secret=Path(hook_secret).resolve() if hook_secret else None,
            scoring_cgroups=Path(cgroups).resolve() if cgroups else None,
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
    def evidence(self) -> Path:
        """Folder of what each audit counted, for auditors alone; the records bind its files."""
        return self.state / "evidence"

    @property
    def told(self) -> Path:
        """Folder of what people were told at night, so that they are not told it every night."""
        return self.state / "told"

    @property
    def data_docs(self) -> Path:
        """Folder of the static Data Docs site."""
        return self.state / "data_docs"


def _days(variable: Variable) -> int | None:
    text = variable.given()
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise SettingsError(f"{variable.name}: {text!r} is not a number of days, 1 or more")
    return int(text)


def _names(text: str | None) -> frozenset[str]:
    names = (each.strip() for each in (text or "").split(","))
    return frozenset(name for name in names if name)


def _default_home() -> Path:
    checkout = PACKAGE.parents[1]
    return checkout if (checkout / "expectations").is_dir() else Path.cwd()
