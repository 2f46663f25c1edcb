"""The gate cannot be walked around: what works on a plain server is refused on a guarded one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from mlflow.exceptions import RestException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.errors import RegistryError
from fairness_audit.guard import SCHEME
from fairness_audit.guard.probe import unguarded
from fairness_audit.guard.serving import verify_serving
from fairness_audit.ledger.heads import Heads
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.registry.artifact import folder_digest
from fairness_audit.registry.mlflow import MlflowRegistry
from fairness_audit.steps.gate.sweep import Swept, sweep
from tests.builders.published import MODEL, TRUSTED
from tests.e2e.bypass_cases import failed, passed, policy_broken, waived
from tests.e2e.bypass_ways import stage
from tests.e2e.bypasses import ATTEMPTS, Attempt, reason_of
from tests.servers.registry_site import ALIAS, NOW, Site, served

AT_LEAST = 90


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site]]:
    """A plain server and a guarded one, started side by side."""
    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        starting = [
            pool.submit(stack.enter_context, served(folder / name, guarded=name == "guarded"))
            for name in ("plain", "guarded")
        ]
        plain_site, guarded_site = (each.result() for each in starting)
        yield plain_site, guarded_site


@pytest.fixture
def plain_site(sites: tuple[Site, Site]) -> Site:
    return sites[0]


@pytest.fixture
def guarded_site(sites: tuple[Site, Site]) -> Site:
    return sites[1]


def test_there_are_enough_and_no_two_are_the_same() -> None:
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS) >= AT_LEAST


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_what_promotes_on_a_plain_server_is_refused_on_a_guarded_one(
    plain_site: Site, guarded_site: Site, attempt: Attempt
) -> None:
    with plain_site.as_it_was():
        version = attempt.prepare(plain_site)
        attempt.do(plain_site, version)
        assert attempt.happened(plain_site, version), "it proves nothing about a gate"
    with guarded_site.as_it_was():
        version = attempt.prepare(guarded_site)
        assert not attempt.happened(guarded_site, version)
        with pytest.raises(Exception) as refused:
            attempt.do(guarded_site, version)
        said = reason_of(refused.value)
        assert "fairness-audit refuses" in said
        assert attempt.reason in said
        assert "\n" not in said
        assert not attempt.happened(guarded_site, version)


@pytest.mark.parametrize("by_stage", [False, True])
def test_a_version_that_passed_is_promoted(guarded_site: Site, by_stage: bool) -> None:
    with guarded_site.as_it_was():
        version = passed(guarded_site)
        if by_stage:
            stage("Production")(guarded_site, version)
        else:
            guarded_site.client.set_registered_model_alias(MODEL, ALIAS, version)
        assert guarded_site.is_promoted(version)
        guarded_site.registry.demote(MODEL, version, ALIAS)


def test_a_failure_that_two_people_waived_is_promoted(guarded_site: Site) -> None:
    with guarded_site.as_it_was():
        version = waived()(guarded_site)
        guarded_site.client.set_registered_model_alias(MODEL, ALIAS, version)
        assert guarded_site.is_promoted(version)
        guarded_site.registry.demote(MODEL, version, ALIAS)


def test_the_audit_refuses_what_the_guard_would(
    guarded_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What loads from a run is not what lies in its folder: so it is never digested at all."""
    with guarded_site.as_it_was():
        version = guarded_site.version_of_run(overlay=b"flavors: {other: {}}\n")
        place = guarded_site.folder / "loaded"
        with pytest.raises(RegistryError, match="leads to whatever is logged there"):
            guarded_site.registry.artifact_digest(MODEL, version)
        with pytest.raises(RegistryError, match="leads to whatever is logged there"):
            guarded_site.registry.copy(MODEL, version, place)
        source = guarded_site.client.get_model_version_download_uri(MODEL, version)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", guarded_site.address)  # as who loads has it
        loads = get_artifact_repository(source, guarded_site.address, guarded_site.address)
        (guarded_site.folder / "loaded").mkdir()
        loads.download_artifacts("", str(guarded_site.folder / "loaded"))
        assert folder_digest(guarded_site.folder / "loaded") != folder_digest(
            guarded_site.files(version)
        )


def test_what_guards_nothing_is_left_alone(guarded_site: Site) -> None:
    """Other aliases, stages and tags, and taking a version out of production."""
    with guarded_site.as_it_was():
        version = passed(guarded_site)
        client = guarded_site.client
        client.set_registered_model_alias(MODEL, ALIAS, version)
        client.delete_registered_model_alias(MODEL, ALIAS)
        client.set_registered_model_alias(MODEL, "challenger", failed(guarded_site))
        stage("Staging")(guarded_site, version)
        stage("Archived")(guarded_site, version)
        client.set_model_version_tag(MODEL, version, "team", "crm")
        client.create_registered_model("somebody-else-s")
        client.rename_registered_model("somebody-else-s", "renamed")
        assert not guarded_site.is_promoted(version)


def test_files_overwritten_in_production_are_seen_elsewhere(guarded_site: Site) -> None:
    """The route of artifacts is not the registry's: the nightly sweep and who serves see it."""
    with guarded_site.as_it_was():
        version = passed(guarded_site)
        guarded_site.client.set_registered_model_alias(MODEL, ALIAS, version)
        assert served_at(guarded_site, version).decision == "allow"
        overwrite(guarded_site, version)
        assert guarded_site.is_promoted(version)
        (swept,) = swept_at(guarded_site)
        assert swept.done == "alarm"
        reason = "the model's files are not those that were audited"
        assert reason in swept.sentence
        serving = served_at(guarded_site, version)
        assert serving.decision == "block"
        assert reason in serving.reasons[0]
        guarded_site.registry.demote(MODEL, version, ALIAS)


def test_a_client_on_the_registry_s_database_is_seen_elsewhere(guarded_site: Site) -> None:
    """Who has the database's password goes past the server: roles keep it, the sweep sees it."""
    with guarded_site.as_it_was():
        version = failed(guarded_site)
        database = MlflowRegistry(f"sqlite:///{guarded_site.folder / 'mlflow.db'}")
        database.promote(MODEL, version, ALIAS)
        (swept,) = swept_at(guarded_site)
        assert swept.decision.model_version == version
        assert "four_fifths: Women are selected" in swept.sentence
        assert served_at(guarded_site, version).decision == "block"
        guarded_site.client.delete_registered_model_alias(MODEL, ALIAS)


def test_a_version_is_read_where_its_address_leads(guarded_site: Site) -> None:
    """By the address of its logged model, which MLflow resolves once, when it is registered."""
    with guarded_site.as_it_was():
        version = by_model(guarded_site)
        with pytest.raises(RestException, match="there is no audit record"):
            guarded_site.client.set_registered_model_alias(MODEL, ALIAS, version)
        digest = guarded_site.registry.artifact_digest(MODEL, version)
        guarded_site.audited(version, artifact_digest=digest)
        guarded_site.client.set_registered_model_alias(MODEL, ALIAS, version)
        assert guarded_site.is_promoted(version)
        guarded_site.registry.demote(MODEL, version, ALIAS)


def test_the_check_tells_a_guarded_registry_from_a_plain_one(
    plain_site: Site, guarded_site: Site
) -> None:
    assert unguarded(guarded_site.address, [ALIAS]) == []
    stage_said, alias_said = unguarded(plain_site.address, [ALIAS])
    assert stage_said.startswith("stage Production is not guarded: HTTP 400")
    assert alias_said.startswith("alias 'champion' is not guarded: HTTP 400")
    with guarded_site.as_it_was():
        policy_broken(guarded_site)
        with pytest.raises(RegistryError, match=r"can promote nothing: .* cannot be read"):
            unguarded(guarded_site.address, [ALIAS])


def test_the_check_exits_as_other_verbs_do(
    plain_site: Site, guarded_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exit_code(address: str) -> int:
        monkeypatch.setenv("FAIRNESS_AUDIT_REGISTRY", address)
        return CliRunner().invoke(app, ["check", "--registry"]).exit_code

    assert exit_code(guarded_site.address) == 0
    assert exit_code(plain_site.address) == 1
    assert exit_code("http://127.0.0.1:1") == 2


def overwrite(site: Site, version: str) -> None:
    """Put other bytes where the model is, by MLflow's own route for artifacts."""
    path = site.client.get_model_version(MODEL, version).source.removeprefix("mlflow-artifacts:/")
    put = f"/api/2.0/mlflow-artifacts/artifacts/{path}/MLmodel"
    site.http.put(put, content=b"overwritten").raise_for_status()


def by_model(site: Site) -> str:
    place = site.client.get_model_version(MODEL, site.version()).source
    model = place.split("/models/")[1].split("/")[0]
    body = {"name": MODEL, "source": f"models:/{model}", "model_id": model}
    made = site.post("/api/2.0/mlflow/model-versions/create", **body)
    return str(made.json()["model_version"]["version"])


def served_at(site: Site, version: str) -> GateDecision:
    """What an init container is told about the files that are about to be served."""
    return verify_serving(
        site.loaded,
        site.files(version),
        model_version=version,
        records=site.record_files(),
        heads=Heads(str(site.folder / "heads")),
        trusted=TRUSTED,
        now=NOW,
    )


def swept_at(site: Site) -> tuple[Swept, ...]:
    return sweep(
        site.loaded,
        ledger=site.ledger,
        registry=site.registry,
        trusted_keys=site.folder / "trusted",
        now=NOW,
    )


def test_without_the_plugin_the_address_is_refused() -> None:
    """A plain MLflow does not know the scheme, so it does not promote without asking."""
    from mlflow.server.handlers import ModelRegistryStoreRegistryWrapper
    from mlflow.tracking.registry import UnsupportedModelRegistryStoreURIException

    stores = ModelRegistryStoreRegistryWrapper()
    ours = [scheme for scheme in stores._registry if scheme.startswith(SCHEME)]
    assert len(ours) >= 6
    for scheme in ours:
        del stores._registry[scheme]
    with pytest.raises(UnsupportedModelRegistryStoreURIException):
        stores.get_store_builder(f"{SCHEME}sqlite:///x.db")
