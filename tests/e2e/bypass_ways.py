"""Ways to promote a version, or to make one look as if it had passed; and what then happened."""

from collections.abc import Callable
from typing import Any

from fairness_audit.guard.promoted_names import looks_like
from tests.builders.published import MODEL
from tests.servers.registry_site import ALIAS, Site

API = "/api/2.0/mlflow"
AJAX = "/ajax-api/2.0/mlflow"


class Number(str):
    """A number that can also be written in wide digits."""

    def __format__(self, form: str) -> str:
        return "".join(chr(ord(each) + 0xFEE0) for each in self) if form == "wide" else str(self)


def promoted(site: Site, version: str) -> bool:
    return site.is_promoted(version)


def alias(spelling: str = ALIAS, version_as: str = "{}") -> Callable[[Site, str], object]:
    def do(site: Site, version: str) -> object:
        spelt = version_as.format(Number(version))
        body = {"name": MODEL, "alias": spelling, "version": spelt}
        return site.post(f"{API}/registered-models/alias", **body)

    return do


def named(spelling: str) -> Callable[[Site, str], bool]:
    """Whether an alias of this spelling names the version, as MLflow keeps it."""

    def happened(site: Site, version: str) -> bool:
        aliases = site.client.get_registered_model(MODEL).aliases
        return any(looks_like(n, [spelling]) and str(v) == version for n, v in aliases.items())

    return happened


def alias_at(path: str) -> Callable[[Site, str], object]:
    def do(site: Site, version: str) -> object:
        return site.post(path, name=MODEL, alias=ALIAS, version=version)

    return do


def alias_by_client(site: Site, version: str) -> object:
    return site.client.set_registered_model_alias(MODEL, ALIAS, version)


def stage(
    spelling: str, path: str = API, archive: bool = False, version_as: str = "{}"
) -> Callable[[Site, str], object]:
    def do(site: Site, version: str) -> object:
        return site.post(
            f"{path}/model-versions/transition-stage",
            name=MODEL,
            version=version_as.format(version),
            stage=spelling,
            archive_existing_versions=archive,
        )

    return do


def elsewhere(model: str) -> Callable[[Site, str], bool]:
    def happened(site: Site, version: str) -> bool:
        asked = {"name": model, "alias": ALIAS}
        return site.http.get(f"{API}/registered-models/alias", params=asked).is_success

    return happened


def registered_again(site: Site, version: str, model: str, **given: Any) -> str:
    """Another version of the same files, of any model."""
    source = site.client.get_model_version(MODEL, version).source
    logged = source.split("/")[-2]  # …/models/<its id>/artifacts
    again = site.client.create_model_version(model, source, model_id=logged, **given)
    return str(again.version)


def copy_to_another_model(site: Site, version: str) -> object:
    site.client.create_registered_model("copies")
    copied = site.client.copy_model_version(f"models:/{MODEL}/{version}", "copies")
    return site.client.set_registered_model_alias("copies", ALIAS, str(copied.version))


def copied_onto_itself(site: Site, version: str) -> object:
    copied = site.client.copy_model_version(f"models:/{MODEL}/{version}", MODEL)
    return site.client.set_registered_model_alias(MODEL, ALIAS, str(copied.version))


def newest_promoted(site: Site, version: str) -> bool:
    versions = site.client.search_model_versions(f"name = '{MODEL}'")
    return site.is_promoted(str(max(int(each.version) for each in versions)))


def another_model_of_the_same_files(site: Site, version: str) -> object:
    site.client.create_registered_model("twins")
    made = registered_again(site, version, "twins")
    return site.client.set_registered_model_alias("twins", ALIAS, made)


def in_another_case(site: Site, version: str) -> object:
    site.client.create_registered_model("Lead_Scoring")
    made = registered_again(site, version, "Lead_Scoring")
    return site.client.set_registered_model_alias("Lead_Scoring", ALIAS, made)


def as_a_prompt(site: Site, version: str) -> object:
    name, tags = "as-a-prompt", [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    site.post(f"{API}/registered-models/create", name=name, tags=tags)
    made = registered_again(site, version, name)
    return site.post(f"{API}/registered-models/alias", name=name, alias=ALIAS, version=made)


def renamed_there_and_back(site: Site, version: str) -> object:
    site.client.rename_registered_model(MODEL, "for-a-moment")
    site.client.set_registered_model_alias("for-a-moment", ALIAS, version)
    return site.client.rename_registered_model("for-a-moment", MODEL)


def renamed_away(site: Site, version: str) -> object:
    return site.client.rename_registered_model(MODEL, "out-of-sight")


def is_renamed_away(site: Site, version: str) -> bool:
    found = site.client.search_registered_models("name = 'out-of-sight'")
    if found:
        site.client.rename_registered_model("out-of-sight", MODEL)
    return bool(found)


def renamed_onto_it(site: Site, version: str) -> object:
    """Another model takes the name in another case, with what it holds."""
    site.client.create_registered_model("usurper")
    return site.client.rename_registered_model("usurper", MODEL.upper())


def is_renamed_onto_it(site: Site, version: str) -> bool:
    return bool(site.client.search_registered_models(f"name = '{MODEL.upper()}'"))


def made_again(site: Site, version: str) -> object:
    """A model that passed is deleted, and its name and numbers taken by other files."""
    highest = int(version)
    site.client.delete_registered_model(MODEL)
    site.client.create_registered_model(MODEL)
    while int(made := site.version()) < highest:
        pass
    return site.client.set_registered_model_alias(MODEL, ALIAS, made)


# --- tags that look like a verdict --------------------------------------------------------------


def version_tag(key: str) -> Callable[[Site, str], object]:
    def do(site: Site, version: str) -> object:
        return site.client.set_model_version_tag(MODEL, version, key, "pass")

    return do


def has_version_tag(key: str) -> Callable[[Site, str], bool]:
    def happened(site: Site, version: str) -> bool:
        return key in site.client.get_model_version(MODEL, version).tags

    return happened


def model_tag(site: Site, version: str) -> object:
    return site.client.set_registered_model_tag(MODEL, "fairness-audit.verdict", "pass")


def has_model_tag(site: Site, version: str) -> bool:
    return "fairness-audit.verdict" in site.client.get_registered_model(MODEL).tags


def tag_at_creation_of_a_model(site: Site, version: str) -> object:
    tags = [{"key": "fairness_audit.verdict", "value": "pass"}]
    return site.post(f"{API}/registered-models/create", name="tagged", tags=tags)


def is_tagged_model(site: Site, version: str) -> bool:
    found = site.client.search_registered_models("name = 'tagged'")
    return bool(found) and bool(found[0].tags)


def tag_at_creation_of_a_version(site: Site, version: str) -> object:
    return registered_again(site, version, MODEL, tags={"fairness-audit": "pass"})


def is_tagged_version(site: Site, version: str) -> bool:
    return bool(site.client.search_model_versions("tag.`fairness-audit` = 'pass'"))


def delete_tag(site: Site, version: str) -> object:
    return site.client.delete_registered_model_tag(MODEL, "fairness-audit.note")


def is_tag_gone(site: Site, version: str) -> bool:
    return "fairness-audit.note" not in site.client.get_registered_model(MODEL).tags
