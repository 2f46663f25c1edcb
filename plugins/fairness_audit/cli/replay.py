"""The verbs `replay` and `recall`: is what was published still what the data and the code say?"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from fairness_audit.errors import InputError
from fairness_audit.settings import Settings

if TYPE_CHECKING:
    from fairness_audit.policy.load import LoadedPolicy
    from fairness_audit.records.signed.audit import AuditRecord
    from fairness_audit.records.signed.statement import Record
    from fairness_audit.records.snapshot import Snapshot
    from fairness_audit.replay.recall import Recalled, Taken

EQUAL, CHANGED, CANNOT_TELL = 0, 1, 2


class Data(StrEnum):
    """What a promotion is looked at again with."""

    SOURCE = "source"
    SNAPSHOT = "snapshot"


class Format(StrEnum):
    """How an answer is printed."""

    TEXT = "text"
    JSON = "json"


def replay(
    record: Annotated[str, typer.Argument(help="A record's file, or the start of its id.")],
    run: Annotated[
        Path | None, typer.Option(help="Folder of the audit's run, if it was moved.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="The policy of then, if it changed since.")
    ] = None,
) -> None:
    """Make an audit again from its snapshot. Exit 0 the same to the byte, 1 not, 2 cannot tell."""
    from fairness_audit.ledger.keys import load_subject_key
    from fairness_audit.policy.load import load_policy
    from fairness_audit.replay.replay import (
        audit_again,
        audits_before,
        check_policy,
        differences,
        stored_snapshot,
    )
    from fairness_audit.steps.extract import read_snapshot
    from fairness_audit.steps.score.candidate import hidden_files

    settings = Settings.from_environment()
    records = _records(settings)
    audited = _named(record, records)
    loaded = load_policy(policy) if policy else _policy(settings, audited.model)
    check_policy(audited, loaded)
    if run is None:
        snapshot = stored_snapshot(audited, settings.runs)
    else:
        snapshot = read_snapshot(run if (run / "manifest.json").is_file() else run / "snapshot")
    with tempfile.TemporaryDirectory(prefix="fairness-audit-replay-") as folder:
        again = audit_again(
            audited,
            snapshot,
            loaded,
            earlier=audits_before(audited, records),
            home=settings.home,
            subject_key=load_subject_key(settings.subject_key),
            folder=Path(folder),
            runs=settings.runs,
            hidden=hidden_files(settings),
        )
        found = list(differences(audited, again))
    _tell_differences(audited, found)


def _tell_differences(audited: "AuditRecord", found: list[str]) -> None:
    from fairness_audit.replay.replay import version_changes

    said = f"record {audited.record_id[:12]}, {audited.model} version {audited.model_version}"
    if not found:
        typer.echo(f"{said}: the same measurements, findings and report, to the byte")
        return
    typer.echo(f"{said}: not the same", err=True)
    for each in found:
        typer.echo(f"  {each}", err=True)
    if changed := version_changes(audited):
        typer.echo(f"  changed since: {', '.join(changed)}", err=True)
    raise typer.Exit(CHANGED)


def recall(
    model: Annotated[
        str | None, typer.Argument(help="A folder under expectations/. Default: every model.")
    ] = None,
    data: Annotated[
        Data,
        typer.Option("--from", help="The CRM as it is now, or the stored snapshots."),
    ] = Data.SOURCE,
    since: Annotated[
        datetime | None, typer.Option(help="Only audits of this moment (UTC) and later.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,
) -> None:
    """List past promotions whose verdict would be another today. Exit 1 if there are some.

    With --from source late labels and corrected data are taken in, with --from snapshot only a
    newer version of the metrics. Exit 2 if nobody can tell for some, and none changed.
    """
    from fairness_audit.policy.load import load_policies

    settings = Settings.from_environment()
    records = _records(settings)
    loaded = [_policy(settings, model)] if model else load_policies(settings.expectations)
    after = since.replace(tzinfo=UTC) if since else None
    with (
        tempfile.TemporaryDirectory(prefix="fairness-audit-recall-") as folder,
        _terminal(settings, data) as terminal,
    ):
        shown = terminal if form is Format.TEXT else None  # as it comes: it may take long
        found = [
            each
            for one in loaded
            for each in _recalled(settings, one, records, data, Path(folder), shown)
            if after is None or datetime.fromisoformat(each.logical_date) >= after
        ]
    if form is Format.JSON:
        typer.echo("[" + ",\n".join(each.model_dump_json(by_alias=False) for each in found) + "]")
    else:
        changed = sum(each.changed for each in found)
        unknown = sum(each.error is not None for each in found)
        typer.echo(f"{len(found)} promotions, {changed} would be judged otherwise today")
        if unknown:
            typer.echo(f"of {unknown} nobody can tell")
    if any(each.changed for each in found):
        raise typer.Exit(CHANGED)
    raise typer.Exit(CANNOT_TELL if any(each.error for each in found) else EQUAL)


def _recalled(
    settings: Settings,
    loaded: "LoadedPolicy",
    records: "list[Record]",
    data: Data,
    folder: Path,
    shown: TextIO | None,
) -> "list[Recalled]":
    from fairness_audit.ledger.keys import load_subject_key
    from fairness_audit.registry.mlflow import MlflowRegistry
    from fairness_audit.replay.recall import Recall
    from fairness_audit.steps.score.candidate import hidden_files

    guarded = loaded.policy.gate
    registry = MlflowRegistry(settings.registry_url)
    recall_of = Recall(
        loaded=loaded,
        home=settings.home,
        subject_key=load_subject_key(settings.subject_key),
        taken=_taken(settings, loaded, data),
        folder=folder / loaded.policy.model,
        runs=settings.runs,
        hidden=hidden_files(settings),
        in_production=registry.promoted(guarded.registered_model, guarded.alias),
    )
    found = []
    for each in recall_of.of(records):
        found.append(each)
        for line in _lines(each) if shown else ():
            print(line, file=shown, flush=True)
    return found


@contextmanager
def _terminal(settings: Settings, data: Data) -> Iterator[TextIO]:
    """Where a person reads; what Airflow and reading a CRM log goes to a file."""
    if data is Data.SNAPSHOT:
        yield sys.stdout
        return
    from fairness_audit.pipeline import local as local_airflow

    local_airflow.prepare(settings)
    with local_airflow.output_to(settings.state / "logs" / "recall.log") as terminal:
        yield terminal


def _taken(settings: Settings, loaded: "LoadedPolicy", data: Data) -> "Taken":
    from fairness_audit.replay.replay import check_policy, stored_snapshot
    from fairness_audit.steps.extract import extract

    if data is Data.SNAPSHOT:

        def of_then(record: "AuditRecord", _: Path) -> "Snapshot":
            check_policy(record, loaded)
            return stored_snapshot(record, settings.runs)

        return of_then

    from fairness_audit.pipeline.run import source_of

    source = source_of(loaded, settings)
    return lambda record, folder: extract(
        loaded,
        logical_date=record.logical_date,
        source=source,
        folder=folder,
        sql=settings.sql,
    )


def _lines(each: "Recalled") -> list[str]:
    where = ", in production" if each.in_production else ""
    head = f"{each.model} version {each.model_version}, {each.logical_date[:10]}{where}: "
    if each.error is not None:
        return [f"{head}cannot tell", f"  {each.error}"]
    if not each.changed:
        return [f"{head}still {each.verdict_then}"]
    return [f"{head}{each.verdict_then} then, {each.verdict_now} now", f"  {each.deciding}"]


def _records(settings: Settings) -> "list[Record]":
    from fairness_audit.installation import Installation

    return Installation(settings).records()


def _named(name: str, records: "list[Record]") -> "AuditRecord":
    """The audit that a file holds, or whose id begins so.

    Raises:
        InputError: when it is none, or more than one.
    """
    from fairness_audit.records.signed.audit import AuditRecord
    from fairness_audit.records.signed.dsse import unverified_record

    file = Path(name)
    start = unverified_record(file.read_bytes()).record_id if file.is_file() else name
    audits = [each for each in records if isinstance(each, AuditRecord)]
    found = [each for each in audits if each.record_id.startswith(start)]
    if len(found) != 1:
        many = f"{len(found)} audits" if found else "no audit"
        raise InputError(
            f"{name}: {many} in the ledger (name a record's file, or 8 digits of its id or more)"
        )
    return found[0]


def _policy(settings: Settings, model: str) -> "LoadedPolicy":
    from fairness_audit.policy.load import FILE_NAME, load_policy

    return load_policy(settings.expectations / model / FILE_NAME)
