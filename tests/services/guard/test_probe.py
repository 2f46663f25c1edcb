"""The proof that a registry is guarded: it is asked for what it must refuse."""

import pytest

from fairness_audit.errors import RegistryError
from fairness_audit.guard.probe import unguarded
from tests.servers.canned import Answer, answering

REFUSAL = "fairness-audit refuses stage Production for 'x' version 1: "


GUARDED = (403, "PERMISSION_DENIED", f"{REFUSAL}no policy audits this registered model")


BROKEN = (403, "PERMISSION_DENIED", f"{REFUSAL}PolicyError: x")


PLAIN = (400, "INVALID_PARAMETER_VALUE", "Invalid model name")


FORBIDDEN = (403, "PERMISSION_DENIED", "Permission denied")


@pytest.mark.parametrize(
    ("answers", "unguarded_names"),
    [
        ([GUARDED, GUARDED], []),
        ([PLAIN, PLAIN], ["stage Production", "alias 'champion'"]),
        ([GUARDED, PLAIN], ["alias 'champion'"]),
        ([(404, "RESOURCE_DOES_NOT_EXIST", "no"), GUARDED], ["stage Production"]),
        ([(200, "", ""), GUARDED], ["stage Production"]),
    ],
)
def test_a_registry_that_would_promote_is_told(
    answers: list[Answer], unguarded_names: list[str]
) -> None:
    with answering(*answers) as server:
        found = unguarded(server.address, ["champion", "champion"])
    assert [each.partition(" is not guarded")[0] for each in found] == unguarded_names


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (BROKEN, "is guarded, and can promote nothing: .* PolicyError"),
        (FORBIDDEN, "does not say whether it is guarded: HTTP 403 Permission denied"),
        ((500, "INTERNAL_ERROR", "x"), "HTTP 500"),
        ((401, "", ""), "HTTP 401"),
    ],
)
def test_who_cannot_tell_says_so(answer: Answer, said: str) -> None:
    with answering(answer) as server, pytest.raises(RegistryError, match=said):
        unguarded(server.address, ["champion"])


def test_a_registry_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(RegistryError, match="cannot be asked whether it is guarded"):
        unguarded("http://127.0.0.1:1", ["champion"])


def test_a_database_is_no_registry_that_could_refuse() -> None:
    assert "opened as a database" in unguarded("sqlite:///mlflow.db", [])[0]


def test_the_login_is_the_one_that_mlflow_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    with answering(GUARDED) as server:
        assert unguarded(server.address, []) == []
    assert server.logins == ["Basic YWRhOnNlY3JldA=="]
