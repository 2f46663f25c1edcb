"""The steps of a review as Airflow tasks: people are asked, and what they decide is signed."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import AssetAlias, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from fairness_audit.errors import ReviewError
from fairness_audit.installation import Installation
from fairness_audit.pipeline.notify.notifier import NotifyPeople, link_to
from fairness_audit.pipeline.promotion import REVIEW_DAG, promote
from fairness_audit.pipeline.questions import (
    answer_behind,
    case_now,
    decided_nothing,
    loaded_policy,
    records_now,
    refuse_nameless,
)
from fairness_audit.pipeline.run import Run, promotion_of, reported

Json = dict[str, Any]
PROMOTIONS = AssetAlias("promotions_after_review")
"""Stands for the asset of whichever model is promoted."""


@task(multiple_outputs=True)
@reported
def gather() -> Json:
    """Find the audit record that people are to decide about.

    **If it fails:** nothing waits for people, or a newer audit has overtaken the record.
    """
    from fairness_audit.review.case import newest_waiting

    refuse_nameless()
    params = get_current_context()["params"]
    loaded, records = loaded_policy(params["model"]), records_now()
    chosen = params["record"] or newest_waiting(loaded, records, datetime.now(UTC))
    case = case_now(loaded, records, chosen)
    _check_asked_once(case.record.record_id)
    return {
        "model": case.record.model,
        "record": case.record.record_id,
        "model_version": case.record.model_version,
    }


@task
@reported
def more_people(asked: Json, first: str) -> list[int]:
    """Count the further people who must be asked: one number each."""
    from fairness_audit.review.decision import people_wanted

    answer = answer_behind(first, get_current_context()["ti"].run_id)
    review = loaded_policy(asked["model"]).policy.review
    return list(range(2, people_wanted(answer.choice, review) + 1))


@task(trigger_rule="none_failed", on_failure_callback=NotifyPeople())
@reported
def publish_review(asked: Json, first: str, others: list[str] | None) -> str:
    """Sign what was decided and append it to the ledger.

    **If it fails:** the answers are not of enough different people, or somebody decided
    meanwhile. Nothing was published then; clear the question that has to be asked again.
    """
    refuse_nameless()
    ti = get_current_context()["ti"]
    try:
        return _published(asked["model"], first, others or (), ti.run_id)
    except ReviewError as error:
        model, record = asked["model"], asked["record"]
        raise decided_nothing(ti, model, record, "not counted", str(error)) from error


@task(outlets=[PROMOTIONS], on_failure_callback=NotifyPeople())
@reported
def gate(asked: Json, review: str) -> Json:
    """Ask again whether the version may be promoted, and promote it if so.

    **If it fails:** the version stays blocked; the reasons are in the last line of the log.
    """
    run = Run.current(asked["model"])
    with run.installation:
        decision = promote(run, asked["model_version"], reviewed=True)
    if decision.stays:
        raise AirflowSkipException(f"allowed, and not promoted: {decision.stays}")
    told = {"model_version", "artifact_digest", "record_id", "expires"}
    get_current_context()["outlet_events"][PROMOTIONS].add(
        promotion_of(asked["model"]), extra=decision.model_dump(mode="json", include=told)
    )
    return decision.model_dump(mode="json")


def _published(model: str, first: str, others: Iterable[str], run_id: str) -> str:
    from fairness_audit.review.case import decided_meanwhile
    from fairness_audit.review.decision import review_of
    from fairness_audit.steps.publish import publish_review as publish
    from fairness_audit.steps.publish.software import software_versions

    loaded, records = loaded_policy(model), records_now()
    answer = answer_behind(first, run_id)
    review = review_of(
        case_now(loaded, records, answer.record_id).record,
        answer,
        [answer_behind(each, run_id) for each in others],
        loaded.policy.review,
        now=datetime.now(UTC),
        versions=software_versions(),
    )
    if by := decided_meanwhile(review, answer.known, records):
        raise ReviewError(f"meanwhile these findings were decided by {by}; review them again")
    with Installation.from_environment() as installation:
        published = publish(
            review,
            ledger=installation.ledger,
            signer=installation.publishing_key,
            trusted=lambda: installation.trusted_keys,
            records=installation.settings.records,
        )
    return published.record_id


def _check_asked_once(record_id: str) -> None:
    """A record that is under review already is not put to people a second time."""
    ti = get_current_context()["ti"]
    named = f"review__{record_id}"
    if ti.run_id == named:
        return
    going_on = ti.get_dr_count(dag_id=REVIEW_DAG, run_ids=[named], states=["queued", "running"])
    if going_on:
        there = link_to(REVIEW_DAG, named, "required_actions")
        raise AirflowFailException(f"record {record_id[:12]} is under review already: {there}")
