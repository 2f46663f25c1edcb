"""Up to when rows trained a version: by its tag, else by the policy, else nobody knows."""

from datetime import UTC, datetime

import pytest

from fairness_audit.errors import RegistryError
from fairness_audit.registry.training import moment_of_tag, trained_until
from tests.builders.domain import a_policy
from tests.builders.fakes import FakeRegistry

MAY = datetime(2026, 5, 31, tzinfo=UTC)
JUNE = datetime(2026, 6, 30, tzinfo=UTC)


def a_registry() -> FakeRegistry:
    return FakeRegistry({("lead_scoring", version): "0" * 64 for version in ("1", "2")})


def test_the_tag_comes_first_then_the_policy_then_nobody_knows() -> None:
    policy = a_policy(evidence={"trained_until": {"1": MAY}})
    registry = a_registry()
    assert trained_until(registry, policy, "1") == MAY
    assert trained_until(registry, policy, "2") is None
    registry.trained["1"] = JUNE
    assert trained_until(registry, policy, "1") == JUNE


def test_a_registry_that_does_not_answer_is_not_read_as_knowing_nothing() -> None:
    policy = a_policy(evidence={"trained_until": {"9": MAY}})
    with pytest.raises(RegistryError):
        trained_until(a_registry(), policy, "9")


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-31T00:00:00Z",
        "2026-05-31T00:00:00+00:00",
        "2026-05-31 09:00+09:00",
        " 2026-05-31T00:00:00Z\n",
    ],
)
def test_a_tag_names_a_moment(text: str) -> None:
    found = moment_of_tag("lead_scoring", "1", text)
    assert found == MAY
    assert found.tzinfo is UTC


def test_no_tag_names_none() -> None:
    assert moment_of_tag("lead_scoring", "1", None) is None


@pytest.mark.parametrize("text", ["", "May", "2026-05-31", "2026-05-31T00:00:00", "1780185600"])
def test_a_tag_that_cannot_be_read_is_an_error_with_a_cure(text: str) -> None:
    with pytest.raises(RegistryError) as caught:
        moment_of_tag("lead_scoring", "1", text)
    assert str(caught.value) == (
        "lead_scoring version 1: the tag fairness_audit.trained_until is no date and time with a"
        " zone (write it as 2026-05-31T00:00:00Z)"
    )
