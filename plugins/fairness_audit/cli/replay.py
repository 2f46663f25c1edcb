"""The verbs `replay` and `recall`: is what was published still what the data and the code say?"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from fairness_audit.cli.names import (
    completed_models,
    existing_file,
    existing_folder,
    listed,
)
from fairness_audit.cli.printing import (
    Format,
    Printed,
    RowsPrinted,
    complain,
    say,
    show,
    show_rows,
)
from fairness_audit.cli.snapshot import snapshot_in
from fairness_audit.cli.verb import verb
from fairness_audit.errors import ExitCode, InputError

if TYPE_CHECKING:
    from fairness_audit.installation import Installation
    from fairness_audit.policy.load import LoadedPolicy
    from fairness_audit.records.signed.audit import AuditRecord
    from fairness_audit.records.signed.statement import Record
    from fairness_audit.records.snapshot import Snapshot
    from fairness_audit.replay.recall import Recalled, Taken


class Data(StrEnum):
    """What a promotion is looked at again with."""

    SOURCE = "source"
    SNAPSHOT = "snapshot"


@verb(
    "fairness-audit replay 3f9c27d1a0b4",
    "fairness-audit replay 3f9c27d1a0b4 --run /backup/runs/lead_scoring/RUN",
)
def replay(
    record: Annotated[
        str, typer.Argument(metavar="RECORD", help="A record's file, or the start of its id.")
    ],
    run: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder of the audit's run, if it was moved."),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The policy of then, if it changed since."),
    ] = None,
    form: Printed = Format.TABLE,
) -> None:
    """Make an audit again from its snapshot.

    An evidence file that was lost or altered is put back, if it is the same again. Exit 0 the same
    to the byte, 1 not, 2 cannot tell.
    """
    from fairness_audit.installation import Installation
    from fairness_audit.policy.load import load_policy
    from fairness_audit.policy.method import Method

    if policy:
        existing_file(policy, ("*.yaml",), what="policy")
    if run:
        existing_folder(run, what="folder of a run")
    with Installation.from_environment() as installation:
        records = installation.records()
        audited = audit_named(record, records)
        loaded = installation.policy(audited.model)
        if policy:
            of_then = load_policy(policy, model=audited.model)
            method = Method.of(of_then.policy, installation.settings.home)
            loaded = replace(of_then, given_method=method)
        from fairness_audit.replay.again import made_again
        from fairness_audit.replay.replay import differences

        kept = snapshot_in(run) if run else None
        with made_again(installation, audited, loaded, records, kept) as again:
            found = list(differences(audited, again))
            restored = installation.evidence.restored(audited, again.measurements.evidence)
    _tell_differences(audited, found, form, restored=restored)


def _tell_differences(
    audited: "AuditRecord", found: list[str], form: Format, *, restored: bool
) -> None:
    from fairness_audit.replay.replay import version_changes

    said = f"record {audited.record_id[:12]}, {audited.model} version {audited.model_version}"
    changed = version_changes(audited) if found else []

    def in_words() -> None:
        if restored:
            say(f"{said}: its evidence file was put back")
        if not found:
            say(f"{said}: the same measurements, findings and report, to the byte")
            return
        complain(f"{said}: not the same")
        for each in found:
            complain(each)
        if changed:
            complain(f"changed since: {', '.join(changed)}")

    content = {"record_id": audited.record_id, "equal": not found, "differences": found}
    show(content | {"changed_since": changed, "evidence_restored": restored}, form, in_words)
    raise typer.Exit(ExitCode.REFUSED if found else ExitCode.GOOD)


@verb(
    "fairness-audit recall",
    "fairness-audit recall lead_scoring --from snapshot --since 2026-06-01",
)
def recall(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            help="A folder under expectations/. Default: every model.",
            autocompletion=completed_models,
        ),
    ] = None,
    data: Annotated[
        Data,
        typer.Option("--from", help="The CRM as it is now, or the stored snapshots."),
    ] = Data.SOURCE,
    since: Annotated[
        datetime | None,
        typer.Option(metavar="MOMENT", help="Only audits of this moment (UTC) and later."),
    ] = None,
    form: RowsPrinted = Format.TABLE,
) -> None:
    """List promotions whose verdict would be another today.

    With --from source late labels and corrected data are taken in, with --from snapshot only a
    newer version of the metrics. Exit 0 there are none, 1 there are some, 2 nobody can tell for
    some, and none changed.
    """
    from fairness_audit.installation import Installation

    after = since.replace(tzinfo=UTC) if since else None
    with Installation.from_environment() as installation:
        loaded = [installation.policy(model)] if model else installation.policies()
        records = installation.records()
        with (
            tempfile.TemporaryDirectory(prefix="fairness-audit-recall-") as folder,
            _terminal(installation, data) as terminal,
        ):
            shown = terminal if form is Format.TABLE else None  # as it comes: it may take long
            found = [
                each
                for one in loaded
                for each in _recalled(installation, one, records, data, Path(folder), shown)
                if after is None or datetime.fromisoformat(each.logical_date) >= after
            ]

    def in_words() -> None:
        changed = sum(each.changed for each in found)
        unknown = sum(each.error is not None for each in found)
        say(f"{len(found)} promotions, {changed} would be judged otherwise today")
        if unknown:
            say(f"of {unknown} nobody can tell")

    from fairness_audit.replay.recall import Recalled

    show_rows(found, form, in_words, keys=Recalled.model_fields)
    if any(each.changed for each in found):
        raise typer.Exit(ExitCode.REFUSED)
    raise typer.Exit(ExitCode.CANNOT_TELL if any(each.error for each in found) else ExitCode.GOOD)


def _recalled(
    installation: "Installation",
    loaded: "LoadedPolicy",
    records: "list[Record]",
    data: Data,
    folder: Path,
    shown: TextIO | None,
) -> "list[Recalled]":
    from fairness_audit.registry.training import trained_until
    from fairness_audit.replay.recall import Recall
    from fairness_audit.steps.score.candidate import host_of

    guarded, settings = loaded.policy.gate, installation.settings
    recall_of = Recall(
        loaded=loaded,
        home=settings.home,
        subject_key=installation.subject_key,
        taken=_taken(installation, loaded, data),
        folder=folder / loaded.policy.model,
        runs=settings.runs,
        host=host_of(settings),
        in_production=installation.registry.promoted(
            guarded.registered_model, *installation.aliases(loaded.policy)
        ),
        read=installation.evidence.read,
        trained_until=partial(trained_until, installation.registry, loaded.policy),
    )
    found = []
    for each in recall_of.of(records):
        found.append(each)
        if shown:
            _tell(each, shown)
    return found


@contextmanager
def _terminal(installation: "Installation", data: Data) -> Iterator[TextIO]:
    """Where a person reads; what Airflow and reading a CRM log goes to a file."""
    if data is Data.SNAPSHOT:
        yield sys.stdout
        return
    from fairness_audit.pipeline import local as local_airflow

    local_airflow.prepare(installation.settings)
    log = installation.settings.state / "logs" / "recall.log"
    with local_airflow.output_to(log) as terminal:
        yield terminal


def _taken(installation: "Installation", loaded: "LoadedPolicy", data: Data) -> "Taken":
    from fairness_audit.replay.replay import check_method, stored_snapshot
    from fairness_audit.steps.extract import extract

    settings = installation.settings
    if data is Data.SNAPSHOT:

        def of_then(record: "AuditRecord", _: Path) -> "Snapshot":
            check_method(record, loaded)
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


def _tell(each: "Recalled", file: TextIO) -> None:
    where = ", in production" if each.in_production else ""
    head = f"{each.model} version {each.model_version}, {each.logical_date[:10]}{where}: "
    why = each.error
    if why is not None:
        said = "cannot tell"
    elif each.changed:
        said, why = f"{each.verdict_then} then, {each.verdict_now} now", each.deciding
    else:
        said = f"still {each.verdict_then}"
    say(f"{head}{said}", hang=2, file=file)
    if why:
        say(f"  {why}", hang=2, file=file)
    file.flush()


def audit_named(name: str, records: "list[Record]") -> "AuditRecord":
    """The audit that a file holds, or whose id begins so.

    Raises:
        InputError: when it is none, or more than one; names those it may be.
    """
    from fairness_audit.records.signed.audit import AuditRecord
    from fairness_audit.records.signed.dsse import unverified_record

    file = Path(name)
    start = unverified_record(file.read_bytes()).record_id if file.is_file() else name
    audits = [each for each in reversed(records) if isinstance(each, AuditRecord)]
    found = [each for each in audits if each.record_id.startswith(start)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{name}: {len(found)} audits begin so (name one: {_ids(found)})")
    if not audits:
        raise InputError(
            f"{name}: the ledger has no audit yet (make one: fairness-audit run MODEL)"
        )
    raise InputError(
        f"{name}: no audit in the ledger (name a record's file, or 8 digits of its id or more;"
        f" the newest are {_ids(audits)}; `fairness-audit verify` lists all)"
    )


def _ids(audits: "list[AuditRecord]") -> str:
    return listed(
        f"{each.record_id[:12]} of {each.model} version {each.model_version}" for each in audits
    )
