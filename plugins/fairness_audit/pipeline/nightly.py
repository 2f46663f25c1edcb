"""What is done every night, as Airflow tasks.

Records are verified, production is swept and its audits are made again, late audits are found,
waivers are shown, old runs are deleted.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from fairness_audit.errors import PolicyError
from fairness_audit.installation import Installation
from fairness_audit.pipeline.notify.notice import Kind, Notice
from fairness_audit.pipeline.notify.notifier import NotifyPeople, link_to, with_notices
from fairness_audit.pipeline.notify.told import ToldBefore
from fairness_audit.pipeline.run import reported

log = logging.getLogger(__name__)


@task
@reported
def verify_ledger() -> str:
    """Verify every record in the ledger and in its files, against the signed heads.

    The evidence files that the records bind are verified too.

    **If it fails:** every fault is named, with the record and what was done to it.
    """
    with Installation.from_environment() as installation:
        entries, files = installation.records(), installation.verified_files()
        place = installation.settings.records
        evidence = list(installation.evidence.faults(entries))
    faults = [*(str(fault) for fault in files.faults), *evidence]
    if {each.record_id for each in entries} != {each.record_id for each in files.records}:
        faults.append(f"the ledger and {place} do not hold the same records")
    if faults:
        raise AirflowFailException("\n".join(faults))
    return f"{len(entries)} records hold"


@task(on_failure_callback=NotifyPeople())
@reported
def sweep_production() -> list[str]:
    """Ask the gate about every version in production; report it or take it out, as policy says.

    **If it fails:** the versions that are or were in production and may not be are named, each
    with the reason: audit them again, or promote another version; so are the models whose policies
    have faults, of which nobody can tell. What stands as it was told is told again, and fails,
    after a week.
    """
    from fairness_audit.steps.gate.sweep import sweep
    from fairness_audit.steps.gate.unread import Nights

    now = datetime.now(UTC)
    with Installation.from_environment() as installation:
        policies, broken = installation.read_policies()
        settings = installation.settings
        nights = Nights(settings.told / "unread.json", now.date(), settings.unread_nights)
        swept = [
            each
            for loaded in policies
            for each in sweep(
                loaded,
                ledger=installation.ledger,
                registry=installation.registry,
                trusted_keys=settings.trusted_keys,
                now=now,
                aliases=installation.aliases(loaded.policy),
                nights=nights,
            )
        ]
        before = ToldBefore(settings.told / "production.json", now.date())
    alarms = [
        _Alarm("production", each.decision.model, each.version, each.stands, each.sentence)
        for each in swept
        if each.done != "nothing"
    ]
    alarms += [_unreadable("production", model, each.error) for model, each in broken.items()]
    said, notices = _of(alarms, before)
    if any(not each.decision.certain for each in swept):  # worth asking again
        raise with_notices(AirflowException("\n".join(said)), *notices)
    before.keep({each.about: each.stands for each in alarms})
    if notices:
        raise with_notices(AirflowFailException("\n".join(said)), *notices)
    return [each.sentence for each in swept if each.done == "nothing"] + said


@task(on_failure_callback=NotifyPeople())
@reported
def replay_production() -> list[str]:
    """Make the audits again that govern what is in production, from their data, by their method.

    One whose run was deleted is named in the log, and is no failure.

    **If it fails:** a record does not follow from the data it names: what was found otherwise is
    named. Find out who changed the record's run, or which code was changed; audit again.
    """
    from fairness_audit.replay.again import replay_production as replayed

    with Installation.from_environment() as installation:
        records = installation.records()
        found = [
            each
            for loaded in installation.read_policies().loaded
            for each in replayed(installation, loaded, records)
        ]
    notices = [
        Notice(kind="production", model=each.model, sentence=each.sentence, link=_here())
        for each in found
        if each.changes
    ]
    told = [each.sentence for each in found]
    if notices:
        raise with_notices(AirflowFailException("\n".join(told)), *notices)
    return told


@task(on_failure_callback=NotifyPeople())
@reported
def find_late_audits() -> list[str]:
    """Find the models whose last scheduled audit is not published after its deadline.

    **If it fails:** the audits that are missing are named. Look at the runs of `audit_<model>`:
    one failed before it published, waits for a slot, or was never started. While none is published
    it is told again, and fails, after a week.
    """
    from fairness_audit.ledger.late import late_audits

    now = datetime.now(UTC)
    with Installation.from_environment() as installation:
        policies, broken = installation.read_policies()
        late = late_audits([each.policy for each in policies], installation.records(), now)
        before = ToldBefore(installation.settings.told / "late.json", now.date())
    alarms = [
        _Alarm("late", each.model, each.model, str(each.last), each.sentence) for each in late
    ]
    alarms += [_unreadable("late", model, each.error) for model, each in broken.items()]
    said, notices = _of(alarms, before)
    before.keep({each.about: each.stands for each in alarms})
    if notices:
        raise with_notices(AirflowFailException("\n".join(said)), *notices)
    return said


@task
@reported
def show_waivers() -> str:
    """Show on the Data Docs site what was waived, and what has become of it.

    **If it fails:** the ledger does not hold, or the site cannot be written. Verdicts and waivers
    do not depend on it.
    """
    from fairness_audit.review.waivers import waivers_of
    from fairness_audit.site.data_docs import WaiverList, publish_waivers

    now = datetime.now(UTC)
    with Installation.from_environment() as installation:
        shown = WaiverList(as_of=now, waivers=waivers_of(installation.records(), now))
        publish_waivers(shown, installation.site)
    return f"{shown.in_force} of {len(shown.waivers)} waivers in force"


@task
@reported
def delete_old_runs() -> list[str]:
    """Delete the folders of old runs, if it is set how long to keep them.

    What a candidate wrote whose scoring was cut off is deleted in any case.
    """
    from fairness_audit.steps.extract.retention import delete_runs
    from fairness_audit.steps.score.stored_artifact import remove_left_homes

    settings, now = Installation.from_environment().settings, datetime.now(UTC)
    deleted = remove_left_homes(settings.runs, now)
    if settings.keep_runs_days is not None:
        deleted += delete_runs(settings.runs, keep_days=settings.keep_runs_days, now=now)
    return [str(folder) for folder in deleted]


class _Alarm(NamedTuple):
    """What was found at night: about what, and by what one tells whether it still stands."""

    kind: Kind
    model: str
    about: str
    stands: str
    sentence: str


def _unreadable(kind: Kind, model: str, error: PolicyError) -> _Alarm:
    """What of a model nobody can tell while its policy has faults; of other models it can be."""
    what = {
        "production": "whether what is in production may be there",
        "late": "whether its audit is late",
    }[kind]
    more = f" and {len(error.faults) - 1} more" if len(error.faults) > 1 else ""
    sentence = f"the policy of {model} cannot be read, so nobody can tell {what}"
    stands = "; ".join(map(str, error.faults))
    return _Alarm(kind, model, f"{model} policy", stands, f"{sentence}: {error.faults[0]}{more}")


def _of(alarms: Sequence[_Alarm], before: ToldBefore) -> tuple[list[str], list[Notice]]:
    """What a log says of all of them, and what people have yet to be told."""
    said, notices = [], []
    for each in alarms:
        day = before.day(each.about, each.stands)
        said.append(each.sentence if day is None else f"{each.sentence} (told on {day})")
        if day is None:
            notices.append(
                Notice(kind=each.kind, model=each.model, sentence=each.sentence, link=_here())
            )
        else:
            log.warning("%s", said[-1])
    return said, notices


def _here() -> str | None:
    task = get_current_context()["ti"]
    return link_to(task.dag_id, task.run_id, "tasks", task.task_id)
