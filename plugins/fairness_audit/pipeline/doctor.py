"""Is an installation fit to audit? Everything that an audit will need is tried before it does."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from fairness_audit.errors import AuditError, LedgerAbsent
from fairness_audit.installation import Installation
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.door import Door
from fairness_audit.records.signed.audit import CLOCK_TOLERANCE

State = Literal["good", "look", "bad"]

_GIB = 1 << 30
_DISK = 5 * _GIB
"""Free space below which a run of some million decisions may not end."""
_MEMORY = 2 * _GIB
"""Memory below which one may not: what a task of such a run takes at most."""


class Examined(Door):
    """One thing that was tried: ``bad`` stops audits, ``look`` is for a person to judge."""

    about: str
    state: State
    says: str


def _good(about: str, says: str) -> Examined:
    return Examined(about=about, state="good", says=says)


def _look(about: str, says: str) -> Examined:
    return Examined(about=about, state="look", says=says)


def _bad(about: str, says: str) -> Examined:
    return Examined(about=about, state="bad", says=says)


Check = Callable[[Installation], Iterator[Examined]]


def examine(installation: Installation) -> Iterator[Examined]:
    """Try everything, one after the other; what goes wrong with one keeps none from the next."""
    for about, check in _CHECKS.items():
        found = False
        try:
            for each in check(installation):
                found = True
                yield each
        except AuditError as error:
            yield _bad(about, str(error))
        except Exception as error:  # of somebody else's only the kind: it may hold an address
            says = f"cannot be tried: {type(error).__name__} (the log of Airflow may say more)"
            yield _bad(about, says)
        else:
            if not found:
                yield _good(about, "as it must be")


def _policies(installation: Installation) -> Iterator[Examined]:
    policies, broken = installation.read_policies()
    for model, each in broken.items():
        yield _bad(f"policy {model}", str(each.error))
    if policies:
        names = ", ".join(each.policy.model for each in policies)
        yield _good("policies", f"{len(policies)} can be read: {names}")


def _keys(installation: Installation) -> Iterator[Examined]:
    signing = installation.publishing_key.public_key
    trusted = installation.trusted_keys
    if signing.keyid not in {each.keyid for each in trusted}:
        says = (
            f"the signing key is not among the {len(trusted)} trusted ones: nobody would believe"
            f" what it signs (copy its public key to {installation.settings.trusted_keys})"
        )
        yield _bad("keys", says)
    _ = installation.subject_key  # what is wrong with it is its error


def _ledger(installation: Installation) -> Iterator[Examined]:
    from fairness_audit.ledger.witness import rewritable

    ledger = installation.ledger
    try:
        ledger.clock()
    except LedgerAbsent as absent:
        yield _look("ledger", str(absent))
        return
    for trigger in sorted(ledger.missing_triggers()):
        says = f"has no trigger {trigger} (fairness-audit ledger init makes it)"
        yield _bad("ledger", says)
    if warning := rewritable(ledger):
        yield _look("heads", warning)


def _clock(installation: Installation) -> Iterator[Examined]:
    try:
        apart = abs(installation.ledger.clock() - datetime.now(UTC))
    except LedgerAbsent:
        return
    if apart > CLOCK_TOLERANCE:
        says = (
            f"this machine's and the ledger's are {apart.total_seconds():.0f} s apart; records"
            " would be from the future (set both by a time server)"
        )
        yield _bad("clock", says)


def _registry(installation: Installation) -> Iterator[Examined]:
    from fairness_audit.guard.probe import unguarded

    gates = [loaded.policy.gate for loaded in installation.read_policies().loaded]
    for gate in gates:
        installation.registry.alias_target(gate.registered_model, gate.alias)
    for way in unguarded(installation.settings.registry_url, [gate.alias for gate in gates]):
        yield _look("registry", way)


def _sources(installation: Installation) -> Iterator[Examined]:
    for loaded in installation.read_policies().loaded:
        about = f"source of {loaded.policy.model}"
        try:
            count = _readable(loaded, installation)
        except AuditError as error:
            yield _bad(about, str(error))
        else:
            says = (
                f"{loaded.policy.source.connection} gives {count} objects, and all their columns"
            )
            yield _good(about, says)


def _readable(loaded: LoadedPolicy, installation: Installation) -> int:
    from fairness_audit.pipeline.run import source_of
    from fairness_audit.steps.extract.scope import select_objects

    start, end = loaded.policy.window(datetime.now(UTC))
    with source_of(loaded, installation.settings).frozen() as crm:
        return len(select_objects(loaded, crm, start, end))


def _packages(installation: Installation) -> Iterator[Examined]:
    from packaging.requirements import Requirement

    for line in requires("fairness-audit") or ():
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            there = version(wanted.name)
        except PackageNotFoundError:
            there = "not installed"
        if there == "not installed" or not wanted.specifier.contains(there, prereleases=True):
            says = f"{wanted.name} is {there}, wanted is {wanted.specifier or 'any'}"
            says = f"{says} (install what requirements.lock names)"
            yield _bad("packages", says)


def _space(installation: Installation) -> Iterator[Examined]:
    state = installation.settings.state
    there = next(each for each in (state, *state.parents) if each.exists())
    free = shutil.disk_usage(there).free
    if free < _DISK:
        says = (
            f"{free / _GIB:.1f} GiB are free at {state} (make room, or set FAIRNESS_AUDIT_STATE)"
        )
        yield _look("disk", says)
    told = Path("/proc/meminfo")
    if told.exists():
        lines = dict(line.split(":", 1) for line in told.read_text().splitlines())
        left = int(lines["MemAvailable"].split()[0]) << 10
        if left < _MEMORY:
            says = f"{left / _GIB:.1f} GiB are available (give the machine more, or run less)"
            yield _look("memory", says)


def _airflow(installation: Installation) -> Iterator[Examined]:
    from airflow.models.dag import DagModel
    from airflow.models.errors import ParseImportError
    from airflow.utils.session import create_session
    from sqlalchemy import select

    wanted = {"audit_candidate", "keep_ledger", "review_audit"}
    wanted |= {f"audit_{model}" for model in installation.models}
    with create_session() as session:
        asked = select(DagModel.dag_id, DagModel.is_paused).where(DagModel.dag_id.in_(wanted))
        known: dict[str, bool] = {each.dag_id: each.is_paused for each in session.execute(asked)}
        broken = list(session.scalars(select(ParseImportError.filename)))
    for file in broken:
        says = f"cannot load {file} (`airflow dags list-import-errors` says why)"
        yield _bad("airflow", says)
    if not known:
        says = "knows none of the audits (start its DAG processor, and look at its folder of DAGs)"
        yield _bad("airflow", says)
        return
    for dag_id in sorted(wanted):
        if dag_id not in known:
            says = f"does not know {dag_id} (look at its folder of DAGs)"
            yield _bad("airflow", says)
        elif known[dag_id]:
            says = f"{dag_id} is paused, and will not run (airflow dags unpause {dag_id})"
            yield _look("airflow", says)


_CHECKS: dict[str, Check] = {
    "packages": _packages,
    "policies": _policies,
    "keys": _keys,
    "ledger": _ledger,
    "clock": _clock,
    "registry": _registry,
    "sources": _sources,
    "disk and memory": _space,
    "airflow": _airflow,
}
