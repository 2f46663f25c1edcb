"""A guarded registry takes the tag that says when a version was trained, once."""

from pathlib import Path

import pytest
from mlflow.entities.model_registry import ModelVersionTag
from mlflow.exceptions import MlflowException

from fairness_audit.guard.store import GuardedStore
from fairness_audit.registry.training import TAG

MAY, JUNE = "2026-05-31T00:00:00Z", "2026-06-30T00:00:00Z"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> GuardedStore:
    folder = tmp_path_factory.mktemp("registry")
    store = GuardedStore(f"sqlite:///{folder / 'mlflow.db'}")
    store.create_registered_model("scoring")
    return store


def a_version(store: GuardedStore, folder: Path, *tags: ModelVersionTag) -> str:
    version = store.create_model_version("scoring", folder.as_uri(), tags=list(tags))
    return str(version.version)


def said(store: GuardedStore, version: str) -> str | None:
    tag: str | None = store.get_model_version("scoring", version).tags.get(TAG)
    return tag


def test_it_is_said_once(store: GuardedStore, tmp_path: Path) -> None:
    version = a_version(store, tmp_path)
    store.set_model_version_tag("scoring", version, ModelVersionTag(TAG, MAY))
    store.set_model_version_tag("scoring", version, ModelVersionTag(TAG, MAY))
    with pytest.raises(MlflowException, match="cannot be changed"):
        store.set_model_version_tag("scoring", version, ModelVersionTag(TAG, JUNE))
    with pytest.raises(MlflowException, match="would look like a verdict"):
        store.delete_model_version_tag("scoring", version, TAG)
    assert said(store, version) == MAY


def test_it_may_be_said_when_the_version_is_made(store: GuardedStore, tmp_path: Path) -> None:
    version = a_version(store, tmp_path, ModelVersionTag(TAG, MAY))
    with pytest.raises(MlflowException, match="cannot be changed"):
        store.set_model_version_tag("scoring", version, ModelVersionTag(TAG, JUNE))
    assert said(store, version) == MAY
    with pytest.raises(MlflowException, match="is no date and time"):
        a_version(store, tmp_path, ModelVersionTag(TAG, "pass"))
    with pytest.raises(MlflowException, match="would look like a verdict"):
        a_version(store, tmp_path, ModelVersionTag(TAG, MAY), ModelVersionTag(f"{TAG}.x", "1"))
