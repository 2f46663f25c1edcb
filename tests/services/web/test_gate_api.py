"""The gate over HTTP: what each answer, each error and each odd spelling reads as."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI

from fairness_audit.web.gatekeeper import Promoted
from tests.builders.installed import Installed
from tests.builders.published import MODEL, digest
from tests.servers.gate_api import READER, STRANGER, Caller, FakeGatekeeper, a_decision, served

BLOCKED = a_decision("block", model_version="1", reasons=("the verdict is fail",))
UNTOLD = a_decision(
    "block", model_version="3", reasons=("LedgerError: down",), record_id=None, certain=False
)
GATE = "/api/v1/gate"


@pytest.fixture
def gatekeeper() -> FakeGatekeeper:
    return FakeGatekeeper(
        answers={
            ("lead_scoring", "1"): BLOCKED,
            ("lead_scoring", "2"): a_decision(),
            ("lead_scoring", "3"): UNTOLD,
            ("secret_model", "1"): a_decision(model="secret_model"),
        },
        aliases={
            "lead_scoring": Promoted("leads", "champion", a_decision()),
            "gone_bad": Promoted("leads", "champion", BLOCKED),
            "new_model": Promoted("leads", "champion", None),
            "secret_model": Promoted("leads", "champion", a_decision()),
            "broken": UNTOLD,
        },
    )


@pytest.fixture
def api(gatekeeper: FakeGatekeeper) -> Iterator[Caller]:
    with served(gatekeeper) as caller:
        yield caller


def test_allow_is_200_with_the_whole_decision(api: Caller) -> None:
    reply = api.get(f"{GATE}/lead_scoring/2", READER)
    assert reply.status == 200
    assert reply.json == {
        "decision": "allow",
        "model": "lead_scoring",
        "modelVersion": "2",
        "reasons": ["verdict pass, nothing against it"],
        "recordId": digest("record"),
        "expires": "2026-06-30T12:00:00Z",
        "artifactDigest": digest("artifact 2"),
        "certain": True,
        "obstacles": [],
    }


@pytest.mark.parametrize(
    ("path", "status", "reason", "certain"),
    [
        ("lead_scoring/1", 409, "the verdict is fail", True),
        ("lead_scoring/3", 503, "LedgerError: down", False),
        ("lead_score/2", 404, "there is no policy of lead_score", True),
        ("lead_scoring/4", 404, "there is no policy of lead_scoring", True),
        ("secret_model/1", 403, "you may not ask about secret_model", False),
        ("no_such_secret_model/", 404, "Not Found", True),
        ("gone_bad", 409, "the verdict is fail", True),
        ("new_model", 409, "the alias champion of leads names no version", True),
        ("broken", 503, "LedgerError: down", False),
        ("lead_score", 404, "there is no policy of lead_score", True),
        ("secret_model", 403, "you may not ask about secret_model", False),
    ],
)
def test_all_else_blocks_by_status_and_by_body(
    api: Caller, path: str, status: int, reason: str, certain: bool
) -> None:
    reply = api.get(f"{GATE}/{path}", READER)
    assert reply.status == status
    assert (reply.json["decision"], reply.json["certain"]) == ("block", certain)
    assert reply.json["reasons"][0].startswith(reason)
    assert ("retry-after" in reply.headers) == (status == 503)


def test_whoever_asks_about_a_version_without_record_has_no_file_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty such questions at once cost next to nothing; a model may have gigabytes."""
    installed = Installed(tmp_path, monkeypatch)
    installed.registry.digests[MODEL, "2"] = digest("artifact 2")
    with served(installed.gatekeeper) as caller:
        for version in ("2", "3"):
            reply = caller.get(f"{GATE}/{MODEL}/{version}", READER)
            assert (reply.status, reply.json["decision"]) == (409, "block")
            assert reply.json["reasons"][0].startswith("there is no audit record")
        assert installed.registry.read == []
        assert caller.get(f"{GATE}/{MODEL}/1", READER).status == 200
        assert installed.registry.read == ["1"]


def test_what_is_promoted_is_named_with_its_alias(api: Caller) -> None:
    reply = api.get(f"{GATE}/lead_scoring", READER)
    assert reply.status == 200
    told = reply.json
    assert (told["modelVersion"], told["registeredModel"], told["alias"]) == (
        "2",
        "leads",
        "champion",
    )


def test_who_may_not_ask_learns_nothing_of_which_models_there_are(
    api: Caller, gatekeeper: FakeGatekeeper
) -> None:
    paths = ("lead_scoring/2", "secret_model/1", "no_such_model/1", "lead_scoring", "no_such")
    replies = [api.get(f"{GATE}/{path}", STRANGER) for path in paths]
    assert [reply.status for reply in replies] == [403] * 5
    assert gatekeeper.asked == []


def every_route(api: Caller) -> list[tuple[str, str]]:
    described = api.get("/openapi.json", READER).json
    routes = [
        (method.upper(), path.format(model="lead_scoring", version="2"))
        for path, methods in described["paths"].items()
        for method in methods
    ]
    return [*routes, ("GET", "/openapi.json")]


def test_no_route_answers_without_a_login(api: Caller, gatekeeper: FakeGatekeeper) -> None:
    routes = every_route(api)
    assert len(routes) == 4
    for headers in ({}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic dDp0"}):
        for method, path in routes:
            reply = api.send(method, path, headers, b"{" if method == "POST" else None)
            assert reply.status == 401, (method, path)
            assert reply.json["decision"] == "block"
            assert reply.headers["www-authenticate"] == "Bearer"
    assert gatekeeper.asked == []


def test_nothing_is_kept_and_nothing_is_taken_for_a_page(api: Caller) -> None:
    for method, path in [*every_route(api), ("GET", "/nothing"), ("PUT", f"{GATE}/x/1")]:
        for headers in (READER, {}):
            reply = api.send(method, path, headers)
            assert reply.headers["cache-control"] == "no-store", (method, path)
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert reply.headers["content-type"] == "application/json"


ODD = [
    f"{GATE}/lead_scoring/2%0a",
    f"{GATE}/lead_scoring/2%0d%0a",
    f"{GATE}/lead_scoring%0a/2",
    f"{GATE}/lead_scoring/%32%20",
    f"{GATE}/lead_scoring/%202",
    f"{GATE}/lead_scoring/2%2f",
    f"{GATE}/lead_scoring/2/",
    f"{GATE}//lead_scoring/2",
    f"{GATE}/lead_scoring//2",
    f"/{GATE}/lead_scoring/2",
    f"{GATE}/lead_scoring/..",
    f"{GATE}/lead_scoring/../lead_scoring/2",
    f"{GATE}/../gate/lead_scoring/2",
    f"{GATE}/..%2f..%2flead_scoring/2",
    f"{GATE}/./lead_scoring/2",
    f"{GATE}/lead_scoring/2;x=1",
    f"{GATE}/lead_scoring/2%00",
    f"{GATE}/LEAD_SCORING/2",
    f"{GATE}/lead%5fscoring%2e/2",
    f"{GATE}/lead_scoring/%EF%BC%92",  # a full-width 2
    f"{GATE}/lead_scoring/%ff",
    f"{GATE}/lead_scoring/02",
    f"{GATE}/lead_scoring/+2",
    f"{GATE}/lead_scoring/2.0",
    f"{GATE}/lead_scoring/" + "2" * 101,
    f"{GATE}/" + "m" * 64 + "/2",
    f"{GATE}/lead_scoring/-",
    f"{GATE}/",
    GATE,
    "/API/v1/gate/lead_scoring/2",
]


@pytest.mark.parametrize("path", ODD)
def test_an_odd_spelling_is_never_a_yes(api: Caller, path: str) -> None:
    reply = api.get(path, READER)
    assert reply.status in (404, 422)
    assert reply.json["decision"] == "block"


def test_what_is_decoded_before_it_is_matched_is_the_same_question(
    api: Caller, gatekeeper: FakeGatekeeper
) -> None:
    for path in ("lead_scoring%2f2", "lead%5Fscoring/%32", "lead_scoring/2?version=1"):
        assert api.get(f"{GATE}/{path}", READER).status == 200
    assert api.get(f"{GATE}/secret_model%2f1", READER).status == 403
    assert gatekeeper.asked == [("lead_scoring", "2")] * 3


@pytest.mark.parametrize("version", ["2.1.0", "2026-01-31", "v7", "1.0+cuda", "a:b", "sha@1"])
def test_versions_of_other_registries_may_be_asked_about(
    api: Caller, gatekeeper: FakeGatekeeper, version: str
) -> None:
    api.get(f"{GATE}/lead_scoring/{version}", READER)
    assert gatekeeper.asked == [("lead_scoring", version)]


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_question_is_a_get(api: Caller, method: str) -> None:
    assert api.send(method, f"{GATE}/lead_scoring/2", READER).status == 405


def test_an_error_shows_nothing_of_the_inside(api: Caller, gatekeeper: FakeGatekeeper) -> None:
    gatekeeper.error = RuntimeError("password=hunter2 at /srv/secret.py")
    reply = api.get(f"{GATE}/lead_scoring/2", READER)
    assert (reply.status, reply.json["decision"]) == (500, "block")
    assert "hunter2" not in reply.text
    assert "Traceback" not in reply.text


def test_too_many_at_once_are_told_to_ask_again(gatekeeper: FakeGatekeeper) -> None:
    gatekeeper.waits_for = Event()
    with served(gatekeeper, at_once=2) as api, ThreadPoolExecutor(2) as pool:
        first = [pool.submit(api.get, f"{GATE}/lead_scoring/2", READER) for _ in range(2)]
        while len(gatekeeper.asked) < 2:
            assert not any(each.done() for each in first)
        refused = api.get(f"{GATE}/lead_scoring/2", READER)
        described = api.get("/openapi.json", READER)  # the server itself still answers
        gatekeeper.waits_for.set()
        assert [each.result().status for each in first] == [200, 200]
    assert (refused.status, refused.json["certain"]) == (503, False)
    assert refused.headers["retry-after"] == "30"
    assert described.status == 200
    assert api_is_free_again(gatekeeper)


def api_is_free_again(gatekeeper: FakeGatekeeper) -> bool:
    with served(gatekeeper, at_once=1) as api:
        return [api.get(f"{GATE}/lead_scoring/2", READER).status for _ in range(3)] == [200] * 3


# --- the description ----------------------------------------------------------------------------


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references(each)


def test_the_description_is_sound(api: Caller) -> None:
    reply = api.get("/openapi.json", READER)
    described = reply.json
    OpenAPI.model_validate(described)
    assert described["openapi"].startswith("3.1")
    assert described["info"]["title"] == "Fairness audit gate"
    assert "409" in described["info"]["description"]
    for reference in references(described):
        place = described
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]


def test_every_operation_describes_every_status_and_wants_a_login(api: Caller) -> None:
    described = api.get("/openapi.json", READER).json
    assert set(described["components"]["securitySchemes"]) == {"HTTPBearer"}
    told = {
        path: {int(status) for status in operation["responses"]}
        for path, methods in described["paths"].items()
        for operation in methods.values()
        if operation["security"] and operation["summary"] and operation["description"]
    }
    asked = {200, 401, 403, 404, 409, 422, 500, 503}
    assert told == {
        f"{GATE}/{{model}}/{{version}}": asked,
        f"{GATE}/{{model}}": asked,
        "/api/v1/admission": {200, 401, 403, 413, 422, 500},
    }


def test_the_examples_are_answers(api: Caller) -> None:
    from fairness_audit.web.answers import Answer

    described = api.get("/openapi.json", READER).json
    operation = described["paths"][f"{GATE}/{{model}}/{{version}}"]["get"]
    for status, response in operation["responses"].items():
        example = Answer.model_validate_json(
            json.dumps(response["content"]["application/json"]["example"])
        )
        assert (example.decision == "allow") == (status == "200")
        assert example.certain == (status in ("200", "404", "409", "422"))
