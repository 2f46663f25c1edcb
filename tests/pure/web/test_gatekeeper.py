"""What the API asks of an installation: no settings, no policy, no registry is never a yes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.errors import RegistryError, SettingsError
from fairness_audit.installation import Installation
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.web import Gatekeeper
from fairness_audit.web.gatekeeper import Promoted
from tests.builders.fakes import FakeRegistry
from tests.builders.installed import Installed
from tests.builders.published import MODEL, digest


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    return Installed(tmp_path, monkeypatch)


def untold(answer: Any, reason: str) -> None:
    assert isinstance(answer, GateDecision)
    assert (answer.decision, answer.certain) == ("block", False)
    assert answer.reasons[0].startswith(reason)


def test_what_passed_is_allowed_and_may_stay(installation: Installed) -> None:
    allowed = installation.gatekeeper.about(MODEL, "1")
    assert allowed is not None
    assert (allowed.decision, allowed.artifact_digest) == ("allow", digest("artifact 1"))
    assert installation.gatekeeper.promoted(MODEL) == Promoted(MODEL, "champion", None)
    installation.registry.promote(MODEL, "1", "champion")
    assert installation.gatekeeper.promoted(MODEL) == Promoted(MODEL, "champion", allowed)


def test_nothing_is_kept_between_two_questions(installation: Installed) -> None:
    gatekeeper = installation.gatekeeper
    for _ in range(2):
        assert gatekeeper.about(MODEL, "1").decision == "allow"  # type: ignore[union-attr]
    installation.registry.digests[MODEL, "1"] = digest("overwritten")
    blocked = gatekeeper.about(MODEL, "1")
    assert blocked is not None
    assert (blocked.decision, blocked.certain) == ("block", True)


def test_a_model_without_policy_is_unknown(installation: Installed) -> None:
    assert installation.gatekeeper.about("other", "1") is None
    assert installation.gatekeeper.promoted("other") is None


def test_a_policy_that_cannot_be_read_is_no_yes(installation: Installed) -> None:
    installation.policy.write_text("model: [")
    untold(installation.gatekeeper.about(MODEL, "1"), "PolicyError: ")
    untold(installation.gatekeeper.promoted(MODEL), "PolicyError: ")


def test_a_ledger_that_is_no_address_is_no_yes(installation: Installed) -> None:
    installation.settings = replace(installation.settings, ledger_url="nonsense")
    untold(installation.gatekeeper.about(MODEL, "1"), "LedgerError: FAIRNESS_AUDIT_LEDGER")


def test_a_registry_that_is_down_is_no_yes(installation: Installed) -> None:
    class Down(FakeRegistry):
        def alias_target(self, model: str, alias: str) -> str | None:
            raise RegistryError("the registry is down")

    installation.registry = Down({})
    untold(installation.gatekeeper.about(MODEL, "1"), "RegistryError: no lead_scoring version 1")
    untold(installation.gatekeeper.promoted(MODEL), "RegistryError: the registry is down")


def test_settings_that_are_missing_are_no_yes() -> None:
    def missing() -> Installation:
        raise SettingsError("FAIRNESS_AUDIT_HOME: no such folder")

    untold(Gatekeeper(missing).about(MODEL, "1"), "SettingsError: FAIRNESS_AUDIT_HOME")
    untold(Gatekeeper(missing).promoted(MODEL), "SettingsError: FAIRNESS_AUDIT_HOME")
