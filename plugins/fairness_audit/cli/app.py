"""The console script `fairness-audit`: check policies, run an audit, ask the gate, verify records.

Exit codes: 0 good (valid, allowed, verified, equal), 1 refused (blocked, not verified, different),
2 cannot tell (a setting, a file or a service is missing; the message says which and what to do).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import typer

from fairness_audit.cli import candidate, ledger, measure, replay, snapshot, waivers
from fairness_audit.errors import AuditError, InputError, RecordError, SettingsError
from fairness_audit.policy import schema
from fairness_audit.policy.load import FILE_NAME, LoadedPolicy, load_policies, load_policy
from fairness_audit.policy.needs import missing_files
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.records.signed.statement import Record
from fairness_audit.settings import Settings

ALLOWED, REFUSED, CANNOT_TELL = 0, 1, 2

Given = ParamSpec("Given")
Result = TypeVar("Result")

app = typer.Typer(
    help="Audit the models that decide inside a CRM, and gate their release.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Format(StrEnum):
    """How an answer is printed."""

    TEXT = "text"
    JSON = "json"


def told_plainly(verb: Callable[Given, Result]) -> Callable[Given, Result]:
    """Show an operator's error as its message alone, and exit with its code."""

    @wraps(verb)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return verb(*args, **kwargs)
        except AuditError as error:
            typer.echo(f"fairness-audit: {error}", err=True)
            raise typer.Exit(error.exit_code) from error

    return run


@app.command()
@told_plainly
def check(
    write_schema: Annotated[
        bool,
        typer.Option(help="Also write policy.schema.json and record.schema.json."),
    ] = False,
    registry: Annotated[
        bool,
        typer.Option(
            "--registry", help="Also ask the registry for promotions that it must refuse."
        ),
    ] = False,
) -> None:
    """Check every policy, its SQL and its suites; report all faults at once.

    Every staging file must give the columns that sql/objects describes.

    With --registry: exit 0 it asks the gate, 1 it promotes without asking, 2 cannot tell.
    """
    from fairness_audit.records.signed import schema as record_schema
    from fairness_audit.steps.canonical_objects import staging_faults

    settings = Settings.from_environment()
    if write_schema:
        for each in (schema, record_schema):
            (settings.expectations / each.FILE_NAME).write_text(each.schema_text(), "utf-8")
    policies = load_policies(settings.expectations)
    faults = [fault for loaded in policies for fault in missing_files(settings, loaded)]
    faults += staging_faults(settings.sql)
    for fault in faults:
        typer.echo(f"fairness-audit: {fault}", err=True)
    if faults:
        raise typer.Exit(CANNOT_TELL)
    for loaded in policies:
        policy = loaded.policy
        typer.echo(
            f"{policy.model}: {len(policy.rules)} rules over {len(policy.groupings)} groupings,"
            f" digest {loaded.digest[:12]}"
        )
    if registry:
        _check_registry(settings, policies)


@app.command()
@told_plainly
def run(
    model: Annotated[str, typer.Argument(help="Name of a folder under expectations/.")],
    version: Annotated[
        str | None, typer.Option(help="Model version. Default: the newest in the score log.")
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option(help="Audit as of this moment (UTC). Default: now.")
    ] = None,
) -> None:
    """Run one audit, extract to gate, as its Airflow DAG in this process."""
    from fairness_audit.cli.audits import Audited, print_audits
    from fairness_audit.pipeline import local as local_airflow

    settings = Settings.from_environment()
    _policy(settings, model)
    local_airflow.prepare(settings)
    moment = as_of.replace(tzinfo=UTC).isoformat() if as_of else None
    ended = local_airflow.run_audit(settings, model, version, moment)
    audited = Audited.of(model, ended, settings)
    print_audits([audited], settings)
    raise typer.Exit(audited.exit_code)


@app.command()
@told_plainly
def gate(
    model: Annotated[str, typer.Option(help="Name of a folder under expectations/.")],
    version: Annotated[str, typer.Option(help="Model version in the registry.")],
    form: Annotated[Format, typer.Option("--format", help="How to print the answer.")] = (
        Format.TEXT
    ),
) -> None:
    """May this model version be promoted? Exit 0 allow, 1 block, 2 cannot tell."""
    from fairness_audit.installation import Installation
    from fairness_audit.registry.mlflow import MlflowRegistry
    from fairness_audit.steps.gate import ask

    settings = Settings.from_environment()
    decision = ask(
        _policy(settings, model),
        model_version=version,
        ledger=Installation(settings).ledger,
        registry=MlflowRegistry(settings.registry_url),
        trusted_keys=settings.trusted_keys,
        now=datetime.now(UTC),
    )
    _answer(decision, form)


@app.command()
@told_plainly
def verify(
    record: Annotated[
        Path | None, typer.Argument(help="A record file. Default: all records, as one chain.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--ledger", help="Verify all records as one chain (the default).")
    ] = False,
) -> None:
    """Verify signatures, chain and heads of published records, from files alone."""
    from fairness_audit.ledger.heads import Heads
    from fairness_audit.ledger.keys import load_trusted_keys
    from fairness_audit.ledger.verify import verify_record, verify_records

    if whole and record is not None:
        raise InputError("name a record, or --ledger, not both")
    settings = Settings.from_environment()
    trusted = load_trusted_keys(settings.trusted_keys)
    try:
        if record is not None:
            typer.echo(_in_one_line(verify_record(record, trusted)))
            return
        verification = verify_records(settings.records, Heads(settings.heads), trusted)
    except RecordError as error:
        typer.echo(f"fairness-audit: {error}", err=True)
        raise typer.Exit(REFUSED) from error
    for each in verification.records:
        typer.echo(_in_one_line(each))
    for fault in verification.faults:
        typer.echo(f"fairness-audit: {fault}", err=True)
    if not verification.holds:
        raise typer.Exit(REFUSED)
    typer.echo(f"{len(verification.records)} records, all genuine, none missing")


@app.command("verify-serving")
@told_plainly
def verify_serving(
    folder: Annotated[Path, typer.Argument(help="The files that are about to be served.")],
    model: Annotated[str, typer.Option(help="Name of a folder under expectations/.")],
    version: Annotated[str, typer.Option(help="The model version they are said to be.")],
    form: Annotated[Format, typer.Option("--format", help="How to print the answer.")] = (
        Format.TEXT
    ),
) -> None:
    """May these very files be served? Exit 0 yes, 1 no, 2 cannot tell.

    Needs the policy, the records, their heads and the trusted keys, and no service at all.
    """
    from fairness_audit.guard.serving import verify_serving as decide
    from fairness_audit.ledger.heads import Heads
    from fairness_audit.ledger.keys import load_trusted_keys

    settings = Settings.from_environment()
    try:
        decision = decide(
            _policy(settings, model),
            folder,
            model_version=version,
            records=settings.records,
            heads=Heads(settings.heads),
            trusted=load_trusted_keys(settings.trusted_keys),
            now=datetime.now(UTC),
        )
    except RecordError as error:
        typer.echo(f"fairness-audit: {error}", err=True)
        raise typer.Exit(REFUSED) from error
    _answer(decision, form)


app.command()(told_plainly(replay.replay))
app.command()(told_plainly(replay.recall))
app.command()(told_plainly(candidate.candidate))
app.command()(told_plainly(measure.measure))
app.command()(told_plainly(measure.metrics))
app.command()(told_plainly(waivers.waivers))

_ledger = typer.Typer(
    help="Where the records are: make it append-only, look at it, replace the key.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_ledger.command()(told_plainly(ledger.init))
_ledger.command()(told_plainly(ledger.status))
_ledger.command("rotate-key")(told_plainly(ledger.rotate_key))
app.add_typer(_ledger, name="ledger")

_snapshot = typer.Typer(
    help="What was read from the CRM: show it, verify it, compare two readings, delete old ones.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_snapshot.command()(told_plainly(snapshot.show))
_snapshot.command()(told_plainly(snapshot.verify))
_snapshot.command()(told_plainly(snapshot.rebuild))
_snapshot.command()(told_plainly(snapshot.diff))
_snapshot.command()(told_plainly(snapshot.prune))
app.add_typer(_snapshot, name="snapshot")


def _answer(decision: GateDecision, form: Format) -> None:
    """Print a decision, and exit with its code."""
    from fairness_audit.steps.gate import in_words

    as_json = form is Format.JSON
    typer.echo(decision.model_dump_json(indent=2) if as_json else in_words(decision))
    if decision.decision == "allow":
        raise typer.Exit(ALLOWED)
    raise typer.Exit(REFUSED if decision.certain else CANNOT_TELL)


def _in_one_line(record: Record) -> str:
    return (
        f"{record.seq:>4}  {record.model} version {record.model_version}"
        f"  {record.logical_date:%Y-%m-%d}  {record.outcome}  {record.record_id[:12]}"
    )


def _check_registry(settings: Settings, policies: list[LoadedPolicy]) -> None:
    from fairness_audit.guard.probe import unguarded

    open_ways = unguarded(settings.registry_url, [each.policy.gate.alias for each in policies])
    for way in open_ways:
        typer.echo(f"fairness-audit: {way}", err=True)
    if open_ways:
        raise typer.Exit(REFUSED)
    typer.echo("the registry asks the gate")


def _policy(settings: Settings, model: str) -> LoadedPolicy:
    file = settings.expectations / model / FILE_NAME
    if not file.is_file():
        known = sorted(each.parent.name for each in settings.expectations.glob(f"*/{FILE_NAME}"))
        raise SettingsError(f"no policy for {model!r} at {file}; there are {', '.join(known)}")
    return load_policy(file)
