"""Kubernetes asks: only an object that names a version which the gate allows comes in."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fairness_audit.web.admission_body import LARGEST
from tests.builders.published import digest
from tests.servers.gate_api import (
    READER,
    STRANGER,
    Caller,
    FakeGatekeeper,
    Reply,
    a_decision,
    a_review,
    a_service,
    served,
)

ADMISSION = "/api/v1/admission"


@pytest.fixture
def gatekeeper() -> FakeGatekeeper:
    reasons = ("four_fifths: Women are selected 0.68 times as often.",)
    untold = ("LedgerError: the ledger cannot be used",)
    return FakeGatekeeper(
        answers={
            ("lead_scoring", "1"): a_decision("block", model_version="1", reasons=reasons),
            ("lead_scoring", "2"): a_decision(),
            ("lead_scoring", "3"): a_decision("block", reasons=untold, certain=False),
            ("secret_model", "1"): a_decision(model="secret_model"),
        }
    )


@pytest.fixture
def api(gatekeeper: FakeGatekeeper) -> Iterator[Caller]:
    with served(gatekeeper) as caller:
        yield caller


def asked(api: Caller, review: Any, headers: dict[str, str] = READER) -> Reply:
    return api.post(ADMISSION, headers, review)


def response(reply: Reply) -> dict[str, Any]:
    """The answer of an AdmissionReview that is one."""
    assert reply.status == 200, reply.text
    answer = reply.json
    assert (answer["apiVersion"], answer["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    told: dict[str, Any] = answer["response"]
    assert told["uid"] == a_review()["request"]["uid"]
    return told


def test_an_allowed_version_comes_in_and_the_record_is_kept_in_the_clusters_log(
    api: Caller,
) -> None:
    told = response(asked(api, a_review()))
    assert told["allowed"] is True
    assert told["auditAnnotations"] == {"record-id": digest("record")}


@pytest.mark.parametrize(
    ("service", "says"),
    [
        (a_service(version="1"), "block: lead_scoring version 1: four_fifths: Women"),
        (a_service(version="3"), "LedgerError: the ledger cannot be used"),
        (a_service(version="4"), "there is no policy of lead_scoring"),
        (a_service("other"), "there is no policy of other"),
        (a_service("secret_model", "1"), "you may not ask about secret_model"),
        (a_service(model=None), "needs the annotation fairness-audit/model"),
        (a_service(version=None), "needs the annotation fairness-audit/model-version"),
        (a_service(version=2), "needs the annotation fairness-audit/model-version"),
        (a_service(version="2\n"), "needs the annotation fairness-audit/model-version"),
        (a_service("../lead_scoring"), "needs the annotation fairness-audit/model"),
        (a_service(metadata={}), "needs the annotation"),
        (a_service(metadata=None), "needs the annotation"),
        (a_service(metadata={"annotations": ["fairness-audit/model"]}), "needs the annotation"),
        ({}, "needs the annotation"),
        (None, "needs the annotation"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}, "needs the annotation"),
    ],
)
def test_all_else_stays_out_and_is_told_why(api: Caller, service: Any, says: str) -> None:
    told = response(asked(api, a_review(object=service)))
    assert told["allowed"] is False
    assert told["status"]["code"] == 403
    assert says in told["status"]["message"]
    assert told["status"]["message"].startswith("fairness audit: ")


def test_another_kind_that_names_its_version_is_judged_the_same(api: Caller) -> None:
    for version, allowed in (("2", True), ("1", False)):
        deployment = a_service(version=version, apiVersion="apps/v1", kind="Deployment")
        assert response(asked(api, a_review(object=deployment)))["allowed"] is allowed


def test_names_are_read_from_what_is_to_be_and_not_from_what_was(api: Caller) -> None:
    review = a_review("UPDATE", object=a_service(version="1"), oldObject=a_service())
    assert response(asked(api, review))["allowed"] is False


def test_taking_away_is_always_allowed(api: Caller, gatekeeper: FakeGatekeeper) -> None:
    blocked = a_service(version="1")
    ending = a_service(version="1")
    ending["metadata"]["deletionTimestamp"] = "2026-06-30T12:00:00Z"
    for review in (
        a_review("DELETE", object=None, oldObject=blocked),
        a_review("UPDATE", object=ending | {"metadata": {}}, oldObject=ending),
    ):
        assert response(asked(api, review))["allowed"] is True
    assert gatekeeper.asked == []


def test_what_is_being_deleted_may_not_run_something_else(api: Caller) -> None:
    ending = a_service(version="1")
    ending["metadata"]["deletionTimestamp"] = "2026-06-30T12:00:00Z"
    other = ending | {"spec": {"predictor": {"containers": [{"name": "other"}]}}}
    assert not response(asked(api, a_review("UPDATE", object=other, oldObject=ending)))["allowed"]
    claimed = a_review("CREATE", object=ending, oldObject=ending)
    assert not response(asked(api, claimed))["allowed"]
    unsaid = a_review("UPDATE", object=ending, oldObject=a_service(version="1"))
    assert not response(asked(api, unsaid))["allowed"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        {},
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"},
        a_review() | {"apiVersion": "admission.k8s.io/v1beta1"},
        a_review() | {"kind": "Pod"},
        a_review() | {"request": None},
        a_review(uid=""),
        a_review(uid=7),
        a_review(uid="u" * 201),
        a_review(operation="PATCH"),
        a_review(object="lead_scoring"),
    ],
    ids=lambda body: (body if isinstance(body, bytes) else json.dumps(body).encode())[:60],
)
def test_what_is_no_review_is_an_error_of_the_webhook(
    api: Caller, gatekeeper: FakeGatekeeper, body: Any
) -> None:
    """Kubernetes takes any status but 200 for a failure, and fails as `failurePolicy` says."""
    reply = asked(api, body)
    assert (reply.status, reply.json["decision"]) == (422, "block")
    assert "allowed" not in reply.text
    assert gatekeeper.asked == []


def test_a_body_is_read_only_so_far_and_only_from_who_is_logged_in(api: Caller) -> None:
    huge = a_review(padding="x" * LARGEST)
    assert asked(api, huge).status == 413
    assert asked(api, b"{", headers={}).status == 401
    assert response(asked(api, a_review(), STRANGER))["allowed"] is False


def test_a_message_does_not_grow_without_end(api: Caller, gatekeeper: FakeGatekeeper) -> None:
    gatekeeper.answers["lead_scoring", "2"] = a_decision("block", reasons=("x" * 9_000,))
    told = response(asked(api, a_review()))
    assert len(told["status"]["message"]) < 3_000
