"""A source that asks to be left alone: the task gives its slot back until then."""

from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException

from fairness_audit.errors import PopulationError, SourceError
from fairness_audit.pipeline.run import reported
from fairness_audit.sources import RateLimited


def test_a_long_rest_reschedules_the_task() -> None:
    @reported
    def step() -> None:
        raise RateLimited("salesforce: asks for 900 s of rest", 900.0)

    with pytest.raises(AirflowRescheduleException) as rescheduled:
        step()
    until = rescheduled.value.reschedule_date
    assert abs(until - datetime.now(UTC) - timedelta(seconds=900)) < timedelta(seconds=30)


def test_another_fault_of_a_source_is_retried_as_the_dag_says() -> None:
    @reported
    def step() -> None:
        raise SourceError("the connection was lost")

    with pytest.raises(SourceError, match="the connection was lost"):
        step()


def test_what_no_retry_can_cure_fails_at_once() -> None:
    @reported
    def step() -> None:
        raise PopulationError("two rows per decision")

    with pytest.raises(AirflowFailException, match="PopulationError: two rows per decision"):
        step()
