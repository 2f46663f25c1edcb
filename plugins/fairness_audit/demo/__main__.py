"""The demo: the sample CRM in an embedded PostgreSQL, its models audited as Airflow DAGs."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fairness_audit.cli.audits import Audited, print_audits
from fairness_audit.cli.printing import say
from fairness_audit.cli.verb import verb
from fairness_audit.demo.prepare import prepare
from fairness_audit.demo.recipe import LEADS
from fairness_audit.demo.services import (
    CONNECTION,
    PID_FILE,
    airflow_connection,
    embedded_postgres,
    serve_airflow,
    stop_group,
    stop_postgres,
)
from fairness_audit.demo.timeline import TODAY
from fairness_audit.demo.vendors.home import vendor_connection, vendor_home
from fairness_audit.demo.vendors.names import Vendor
from fairness_audit.demo.vendors.sample import vendor_state
from fairness_audit.demo.vendors.serving import serving
from fairness_audit.errors import ExitCode
from fairness_audit.ledger.keys import create_keys
from fairness_audit.pipeline import local as local_airflow
from fairness_audit.records.finding import Verdict
from fairness_audit.settings import Settings

EXPECTED = {
    ("lead_scoring", "1"): "block",
    ("lead_scoring", "2"): "allow",
    ("offer_targeting", "1"): "allow",
    ("offer_targeting", "2"): "block",
}
"""What the gate must decide of each model version; which bias does it is in `biases.py`."""


class Source(StrEnum):
    """Whose API the sample CRM is read through."""

    POSTGRES = "postgres"
    SALESFORCE = "salesforce"
    ZOHO = "zoho"
    HUBSPOT = "hubspot"


SourceName = Annotated[
    Source, typer.Option("--source", help="Whose API the sample CRM is read through.")
]
Leads = Annotated[int, typer.Option("--scale", help="Number of leads in the sample CRM.", min=1)]

app = typer.Typer(
    help=__doc__, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)


@app.command()
@verb()
def run(scale: Leads = LEADS, source: SourceName = Source.POSTGRES) -> None:
    """Audit two versions of two models; exit 0 if the gate decides as it must.

    Of fewer leads than the default a version may stay undecided, which blocks it.
    """
    started = time.monotonic()
    settings = _settings(source)
    with embedded_postgres(settings.state / "postgres") as uri:
        _make_ready(settings, uri, scale)
        with _served(source, uri):
            audits = [_audit(settings, model, version) for model, version in EXPECTED]
    print()
    print_audits(audits, settings)
    undecided = [audit for audit in audits if scale < LEADS and _is_undecided(audit)]
    wrong = [each for each in audits if each not in undecided and not _is_as_expected(each)]
    if wrong:
        told = ", ".join(
            f"{model} {version} {gate}" for (model, version), gate in EXPECTED.items()
        )
        say(f"expected was: {told}; make clean starts over", file=sys.stderr)
        raise typer.Exit(ExitCode.REFUSED)
    if undecided:
        say(
            f"{scale:,} leads do not decide {len(undecided)} of {len(audits)}, which stay blocked;"
            f" {LEADS:,} decide all (make demo). To answer a review: make up-local SCALE={scale}"
        )
    print(f"as expected, in {time.monotonic() - started:.0f} s")


@app.command()
@verb()
def up(scale: Leads = LEADS) -> None:
    """Keep Airflow running with its UI until interrupted."""
    settings = _settings()
    with embedded_postgres(settings.state / "postgres") as uri:
        _make_ready(settings, uri, scale)
        print("starting Airflow (about half a minute)", flush=True)
        serve_airflow(Path(os.environ["AIRFLOW_HOME"]), TODAY)


@app.command()
@verb()
def down() -> None:
    """Stop what an earlier `up` or `run` left running."""
    settings = _settings()
    stop_group(settings.state / "airflow" / PID_FILE)
    stop_postgres(settings.state / "postgres")


def _is_as_expected(audit: Audited) -> bool:
    decided = audit.decision.decision if audit.decision else None
    return decided == EXPECTED[audit.model, audit.version]


def _is_undecided(audit: Audited) -> bool:
    """True where the evidence neither fails nor passes a version, so that it stays blocked."""
    if audit.decision is None or audit.judgement is None:
        return False
    is_open = audit.judgement.verdict is Verdict.INCONCLUSIVE
    return is_open and audit.decision.decision == "block"


def _settings(source: Source = Source.POSTGRES) -> Settings:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    settings = Settings.from_environment()
    if source is Source.POSTGRES:
        return settings
    # Beside the other: its records are of another policy, and spend another error budget.
    state = settings.state / source.value
    vendor_home(settings.home, Vendor(source.value), state / "home")
    os.environ["FAIRNESS_AUDIT_HOME"] = str(state / "home")
    os.environ["FAIRNESS_AUDIT_STATE"] = str(state)
    return Settings.from_environment()


@contextlib.contextmanager
def _served(source: Source, uri: str) -> Iterator[None]:
    """The sample CRM behind the API of the source, where it is a vendor's."""
    if source is Source.POSTGRES:
        yield
        return
    vendor = Vendor(source.value)
    with serving(vendor_state(vendor, uri).app()) as address:
        print(f"  {source.value}'s API is served at {address}", flush=True)
        os.environ[CONNECTION] = vendor_connection(vendor, address)
        yield


def _make_ready(settings: Settings, uri: str, leads: int) -> None:
    create_keys(settings)
    print(f"sample CRM: {leads:,} leads", flush=True)
    prepare(
        uri, settings.registry_url, leads=leads, say=lambda line: print(f"  {line}", flush=True)
    )
    os.environ[CONNECTION] = airflow_connection(uri)
    local_airflow.prepare(settings)


def _audit(settings: Settings, model: str, version: str) -> Audited:
    print(f"audit_{model}, version {version}", flush=True)
    ended = local_airflow.run_audit(settings, model, version, TODAY.isoformat())
    return Audited.of(model, ended, settings)


if __name__ == "__main__":
    app()
