"""The store that asks the gate: names, decisions, contents, and the proof that it is there."""

from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException
from mlflow.store.artifact import artifact_repository_registry
from mlflow.store.model_registry.abstract_store import AbstractStore

from fairness_audit.errors import LedgerError, RegistryError, SettingsError
from fairness_audit.guard import SCHEME, guarded_store
from fairness_audit.guard.contents import digest_at
from fairness_audit.guard.guard import (
    Promotion,
    Refused,
    check_rename,
    check_tag,
    check_training,
    promoting,
)
from fairness_audit.guard.promoted_names import is_ours, is_stage_production, looks_like
from fairness_audit.guard.store import GuardedStore, GuardedWorkspaceStore, GuardedWrites
from fairness_audit.registry.artifact import folder_digest
from fairness_audit.settings import UNGUARDED
from tests.builders.guarded_place import FILES, Place, promote
from tests.builders.published import FAILED, LOGICAL_DATE, MODEL, digest

# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelt",
    [
        "champion",
        "CHAMPION",
        "Champion\n",
        "\u2003champion ",
        "\uff43hampion",
        "ch\u00e1mpion",
        "cha\u0301mpion",
        "champi\u00f8n",
        "\u0441hampion",
        "champ\u200bion",
    ],
)
def test_an_alias_is_guarded_in_every_spelling(spelt: str) -> None:
    assert looks_like(spelt, ["other", "champion"])


@pytest.mark.parametrize(
    "other", ["challenger", "champion2", "champ", "", "\u751f\u4ea7", "producci\u00f3n", "c.*n"]
)
def test_other_aliases_are_not(other: str) -> None:
    assert not looks_like(other, ["champion"])


def test_an_alias_of_another_script_is_guarded_too() -> None:
    assert looks_like("\u751f\u4ea7", ["\u751f\u4ea7"])
    assert looks_like("STRASSE", ["stra\u00dfe"])


def test_the_stage_in_every_spelling() -> None:
    assert is_stage_production(" PRODUCTION\n")
    assert not is_stage_production("Staging")


@pytest.mark.parametrize(
    "key", ["fairness-audit", "Fairness_Audit.verdict", "fairness audit/1", "FairnessAudit\u2122"]
)
def test_a_tag_that_looks_like_ours_is_refused(key: str) -> None:
    with pytest.raises(Refused, match="would look like a verdict"):
        check_tag(key)


@pytest.mark.parametrize("key", ["team", "fairness", "audit.fairness", "mlflow.note", ""])
def test_other_tags_are_not(key: str) -> None:
    assert not is_ours(key)


SAID = "2026-05-31T00:00:00Z"


@pytest.mark.parametrize("again", [SAID, "2026-05-31T02:00:00+02:00"])
def test_when_a_version_was_trained_may_be_said_and_said_again(again: str) -> None:
    check_training("lead_scoring", "1", SAID, None)
    check_training("lead_scoring", "1", again, SAID)


@pytest.mark.parametrize("later", ["2026-06-30T00:00:00Z", "2026-05-30T00:00:00Z"])
def test_another_moment_would_change_what_counts_as_evidence(later: str) -> None:
    with pytest.raises(Refused, match=f"it says {SAID} already, and cannot be changed"):
        check_training("lead_scoring", "1", later, SAID)


@pytest.mark.parametrize("told", ["pass", "2026-05-31", None, ""])
def test_what_is_no_moment_is_refused(told: str | None) -> None:
    with pytest.raises(Refused, match="is no date and time with a zone"):
        check_training("lead_scoring", "1", told, None)


# --- what may be promoted ---------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


@pytest.mark.parametrize("alias", ["champion", "CHAMPION", None])
def test_what_passed_is_promoted_and_other_files_are_not(place: Place, alias: str | None) -> None:
    place.publish()
    promote(alias=alias)
    with pytest.raises(Refused, match="the model's files are not those that were audited"):
        promote(alias=alias, files=digest("others"))


def test_others_publish_while_the_files_are_read_which_are_read_once(place: Place) -> None:
    """Of a large model that takes minutes; the promotion is decided on what was published then."""
    place.publish()
    read: list[str] = []

    def digest_slowly() -> str:
        place.publish(model="offer_targeting")
        read.append(FILES)
        return FILES

    with promoting(Promotion(MODEL, "1", digest_slowly, "champion")):
        assert read == [FILES]
    later = {"logical_date": LOGICAL_DATE + timedelta(days=1)}

    def fail_meanwhile() -> str:
        place.publish(verdict="fail", findings=[FAILED], **later)
        return FILES

    with (
        pytest.raises(Refused, match=FAILED.sentence),
        promoting(Promotion(MODEL, "1", fail_meanwhile, "champion")),
    ):
        pytest.fail("it was promoted")


def test_the_files_of_a_version_without_record_are_not_read(place: Place) -> None:
    place.publish(model_version="2")
    promotion = Promotion(MODEL, "1", lambda: pytest.fail("the files were read"), "champion")
    with pytest.raises(Refused, match="there is no audit record"), promoting(promotion):
        pytest.fail("it was promoted")


def test_a_model_that_no_policy_audits_is_refused_unless_it_is_listed(place: Place) -> None:
    with pytest.raises(Refused, match=f"no policy audits .*{UNGUARDED.name}"):
        promote("other")
    with pytest.raises(Refused, match="stage Production for 'other' version 1: no policy audits"):
        promote("other", alias=None)
    place.environment.setenv(UNGUARDED.name, f"some, other ,{MODEL}, Lead_Scoring")
    promote("other")
    promote("other", alias=None)
    with pytest.raises(Refused, match="there is no ledger yet"):
        promote(MODEL)
    with pytest.raises(Refused, match="no policy audits"):
        promote("Lead_Scoring")


@pytest.mark.parametrize("alias", ["challenger", "staging", "reproduction"])
def test_an_alias_that_no_policy_names_is_nobodys_business(place: Place, alias: str) -> None:
    promote(alias=alias)
    promote("other", alias=alias)


USUAL = [
    "production",
    "Production",
    " PROD ",
    "\uff4c\uff49\uff56\uff45",
    "l\u0456ve",
    "serving\n",
]


@pytest.mark.parametrize("alias", USUAL)
def test_the_usual_names_of_what_is_served_are_guarded_of_audited_models(
    place: Place, alias: str
) -> None:
    """Stage Production of the same version would be refused."""
    with pytest.raises(Refused, match="there is no ledger yet"):
        promote(alias=alias)
    promote("other", alias=alias)
    place.publish()
    promote(alias=alias)


def test_which_names_are_usual_may_be_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRNESS_AUDIT_GUARDED_ALIASES", "blue, green")
    promote(alias="production")
    for alias in ("Blue", "green", "champion"):
        with pytest.raises(Refused, match="there is no ledger yet"):
            promote(alias=alias)


def test_only_the_policies_of_the_alias_are_asked_and_all_of_a_stage(place: Place) -> None:
    place.publish()
    place.audits("regional", alias="regional-champion")
    promote(alias="champion")
    for alias in ("regional-champion", None):
        with pytest.raises(Refused, match="there is no audit record of regional version 1"):
            promote(alias=alias)


def test_a_policy_with_faults_stops_the_promotions_of_its_model_alone(place: Place) -> None:
    place.publish()
    place.audits("another", registered_model="another")
    file = place.policy.file
    file.write_text(f"{file.read_text()}surprise: 1\n")
    promote()
    for alias in ("champion", "production", None):
        with pytest.raises(Refused, match=r"the policy of another cannot be read: .*surprise"):
            promote("another", alias)
    promote("another", "challenger")
    with pytest.raises(Refused, match="a policy audits 'another'"):
        check_rename("another", "elsewhere", list)


def test_where_faults_hide_whose_policy_it_is_only_other_policies_models_are_promoted(
    place: Place,
) -> None:
    place.publish()
    hidden = place.folder / "expectations" / "hidden" / "policy.yaml"
    hidden.parent.mkdir()
    hidden.write_text("model: [")
    promote()
    for alias in ("champion", "blue", None):
        with pytest.raises(Refused, match="the policy of hidden cannot be read"):
            promote("unheard_of", alias)
    place.environment.setenv(UNGUARDED.name, "unheard_of")
    promote("unheard_of")
    with pytest.raises(Refused, match="hidden"):
        check_rename("unheard_of", "elsewhere", list)


def test_without_a_readable_policy_nobody_knows_what_is_guarded(place: Place) -> None:
    file = place.policy.file
    file.write_text("model: [")
    with pytest.raises(Refused, match="cannot be read"):
        promote(alias="challenger")
    with pytest.raises(Refused, match="refuses to rename"):
        check_rename("one", "other", list)
    file.unlink()
    with pytest.raises(Refused, match="no policy found"):
        promote(alias="challenger")


def test_whatever_goes_wrong_is_a_refusal_in_one_line(place: Place) -> None:
    place.publish()

    def fail() -> str:
        raise ZeroDivisionError("of\nsomething")

    with (
        pytest.raises(Refused, match=r"version 1: ZeroDivisionError: of something$"),
        promoting(Promotion(MODEL, "1", fail, "champion")),
    ):
        pytest.fail("it was promoted")


def test_a_ledger_that_is_lost_meanwhile_is_told_behind_the_promotion(place: Place) -> None:
    place.publish()
    promotion = promoting(Promotion(MODEL, "1", lambda: FILES, "champion"))
    promotion.__enter__()
    lost = LedgerError("lost")
    with pytest.raises(Refused, match="LedgerError: lost"):
        promotion.__exit__(LedgerError, lost, lost.__traceback__)


@pytest.mark.parametrize(
    ("name", "new", "aliases", "reason"),
    [
        (MODEL, "other", [], "a policy audits 'lead_scoring'"),
        ("other", MODEL, [], "a policy audits 'lead_scoring'"),
        ("other", "LEAD_SCORING ", [], "a policy audits 'LEAD_SCORING '"),
        ("one", "other", ["Champion"], "in production"),
        ("one", "other", ["Production"], "in production"),
    ],
)
def test_what_is_audited_or_in_production_keeps_its_name(
    place: Place, name: str, new: str, aliases: list[str], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        check_rename(name, new, lambda: aliases)
    check_rename("one", "other", lambda: ["challenger"])


# --- the content of a version -----------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A model in a folder whose name means something else when it is decoded once more."""
    folder = tmp_path / "artifacts" / "1" / "a model"
    (folder / "data").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "data" / "weights").write_bytes(bytes(range(256)))
    return folder


SERVER = "_MLFLOW_SERVER_ARTIFACT_DESTINATION"


@pytest.mark.parametrize("scheme", ["", "file://"])
@pytest.mark.parametrize("host", ["", "//", "//localhost:5000"])
def test_inside_the_server_files_are_read_where_it_keeps_them(
    files: Path, scheme: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SERVER, f"{scheme}{files.parents[1]}")
    expected = folder_digest(files)
    assert digest_at(f"mlflow-artifacts:{host}/1/a model") == expected
    assert digest_at(f"mlflow-artifacts:{host}/1/a%20model") == expected
    assert digest_at(str(files)) == expected
    assert digest_at(files.as_uri()) == expected


@pytest.mark.parametrize("path", ["../1/a model", "%2e%2e/x", "1/nothing", "1/a%2520model/../.."])
def test_nothing_is_read_beside_them(
    files: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SERVER, str(files.parents[1]))
    with pytest.raises(RegistryError):
        digest_at(f"mlflow-artifacts:/{path}")


class Bucket:
    """An object store: its files come down as they are."""

    def __init__(self, uri: str, *_: object, **__: object) -> None:
        self.folder = Path(uri.removeprefix("bucket:/"))

    def download_artifacts(self, path: str, folder: str) -> None:
        if not self.folder.exists():
            raise MlflowException(f"no such bucket {self.folder}")
        for each in self.folder.rglob("*"):
            copy = Path(folder) / each.relative_to(self.folder)
            if each.is_file():
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(each.read_bytes())


def test_an_object_store_gives_the_same_digest(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = artifact_repository_registry._artifact_repository_registry._registry
    monkeypatch.setitem(stores, "bucket", Bucket)
    monkeypatch.setenv(SERVER, f"bucket:/{files.parents[1]}")
    assert digest_at("mlflow-artifacts:/1/a model") == folder_digest(files)
    with pytest.raises(RegistryError, match="no such bucket"):
        digest_at("mlflow-artifacts:/2")


def test_an_address_that_nobody_knows_is_refused() -> None:
    with pytest.raises(RegistryError, match="cannot be read"):
        digest_at("gopher://somewhere")
    with pytest.raises(RegistryError, match="register the files themselves"):
        digest_at("models:/other/1")


# --- the store --------------------------------------------------------------------------------

ASKED = {
    "create_model_version",
    "create_registered_model",
    "delete_model_version_tag",
    "delete_registered_model_tag",
    "rename_registered_model",
    "set_model_version_tag",
    "set_registered_model_alias",
    "set_registered_model_tag",
    "transition_model_version_stage",
}
HARMLESS = {
    "delete_model_version",
    "delete_registered_model",
    "delete_registered_model_alias",
    "update_model_version",
    "update_registered_model",
    # Made of those above.
    "copy_model_version",
    "create_prompt",
    "create_prompt_version",
    "delete_prompt",
    "delete_prompt_alias",
    "delete_prompt_tag",
    "delete_prompt_version",
    "delete_prompt_version_tag",
    "set_prompt_alias",
    "set_prompt_tag",
    "set_prompt_version_tag",
    # They write to the tracking store, or tell others what was written.
    "link_prompt_version_to_model",
    "link_prompt_version_to_run",
    "link_prompts_to_trace",
    "create_webhook",
    "delete_webhook",
    "update_webhook",
    "test_webhook",
}
READS = ("get_", "search_", "list_", "supports_")


def test_every_writer_of_mlflow_is_known() -> None:
    names = {name for name in dir(AbstractStore) if not name.startswith(("_", *READS))}
    assert names == ASKED | HARMLESS
    for store in (GuardedStore, GuardedWorkspaceStore):
        for name in ASKED:
            assert getattr(store, name) is vars(GuardedWrites)[name]
        for name in HARMLESS:
            assert getattr(store, name).__module__.startswith("mlflow.")


def test_mlflow_finds_the_store_by_schemes_of_our_own() -> None:
    ours = entry_points(group="mlflow.model_registry_store")
    assert {each.value for each in ours if each.name.startswith(SCHEME)} == {
        "fairness_audit.guard:guarded_store"
    }
    assert not [each.name for each in ours if each.dist and each.dist.name == "fairness-audit"
                and not each.name.startswith(SCHEME)]  # fmt: skip
    with pytest.raises(SettingsError, match=r"begins with fairness-audit\+"):
        guarded_store("sqlite:///plain.db")


class Remade(GuardedStore):
    """A registry in which a version is deleted and made again while it is promoted."""

    def __init__(self) -> None:
        self.places = ["first", "second"]
        self.did: list[str] = []

    def get_model_version_download_uri(self, name: str, version: str) -> str:
        return self.places.pop(0)

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        self.did.append(f"{alias} taken off")


def test_a_version_that_is_made_anew_meanwhile_loses_the_alias(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.publish()
    monkeypatch.setattr("fairness_audit.guard.store.digest_at", lambda _: FILES)
    store = Remade()
    with (
        pytest.raises(MlflowException, match="made anew meanwhile") as refused,
        store._promotion(MODEL, 1, "champion"),
    ):
        store.did.append("promoted")
    assert refused.value.get_http_status_code() == 403
    assert store.did == ["promoted", "champion taken off"]
