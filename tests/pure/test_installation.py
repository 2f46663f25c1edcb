"""An installation is opened part by part, and says what there is where something is not."""

from pathlib import Path

import pytest

from fairness_audit.errors import InputError, SettingsError
from fairness_audit.installation import Installation
from fairness_audit.policy.load import FILE_NAME
from fairness_audit.settings import Settings
from tests import CHECKOUT

ABSENT = "postgresql+psycopg://nobody@192.0.2.1/nowhere"


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(CHECKOUT))
    monkeypatch.setenv("FAIRNESS_AUDIT_STATE", str(tmp_path))
    return Installation.from_environment()


def test_the_models_are_those_with_a_policy(installation: Installation) -> None:
    assert installation.models == ["lead_scoring", "offer_targeting"]
    assert [each.policy.model for each in installation.policies()] == installation.models
    assert installation.policy("lead_scoring").policy.model == "lead_scoring"


@pytest.mark.parametrize("name", ["nope", "", ".", "..", "../expectations/lead_scoring"])
def test_an_unknown_model_is_told_with_those_there_are(
    installation: Installation, name: str
) -> None:
    with pytest.raises(InputError) as refused:
        installation.policy(name)
    assert f"no model {name!r}: audited are lead_scoring, offer_targeting" in str(refused.value)
    assert FILE_NAME in str(refused.value)


def test_a_part_needs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installation: Installation
) -> None:
    """Neither ledger, registry nor key is there, and nobody notices who does not ask for them."""
    monkeypatch.setenv("FAIRNESS_AUDIT_LEDGER", ABSENT)
    monkeypatch.setenv("FAIRNESS_AUDIT_REGISTRY", ABSENT)
    with Installation.from_environment() as opened:
        assert opened.policy("lead_scoring").file.is_file()
        assert opened.ledger.name == ABSENT
        assert opened.site == tmp_path / "data_docs"
        with pytest.raises(SettingsError, match="FAIRNESS_AUDIT_SUBJECT_KEY"):
            _ = opened.subject_key
        with pytest.raises(SettingsError, match="FAIRNESS_AUDIT_TRUSTED_KEYS"):
            _ = opened.trusted_keys


def test_a_part_is_opened_once_and_anew_after_closing(installation: Installation) -> None:
    first = installation.ledger, installation.registry
    assert (installation.ledger, installation.registry) == first
    installation.close()
    installation.close()
    assert installation.ledger is not first[0]
    assert installation.registry is not first[1]


def test_a_registry_that_was_given_stays(installation: Installation) -> None:
    given = installation.registry
    with Installation(installation.settings, registry=given) as opened:
        assert opened.registry is given
    assert opened.registry is given


def test_policies_are_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = CHECKOUT / "expectations" / "lead_scoring" / FILE_NAME
    (tmp_path / "sql").mkdir()
    own = tmp_path / "expectations" / "lead_scoring"
    own.mkdir(parents=True)
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(tmp_path))
    with Installation(Settings.from_environment()) as opened:
        assert opened.models == []
        with pytest.raises(InputError, match="audited are none"):
            opened.policy("lead_scoring")
        (own / FILE_NAME).write_bytes(policy.read_bytes())
        assert opened.policy("lead_scoring").policy.model == "lead_scoring"
