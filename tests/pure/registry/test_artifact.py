"""What belongs to the content of a version, and what is none."""

import os
from pathlib import Path

import pytest

from fairness_audit.errors import RegistryError
from fairness_audit.registry.artifact import folder_digest, lasting_location


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The files of a model."""
    (tmp_path / "model" / "data").mkdir(parents=True)
    (tmp_path / "model" / "MLmodel").write_bytes(b"flavors: {}\n")
    return tmp_path / "model"


@pytest.mark.parametrize("leads_to", [".", "data", "/etc", "MLmodel", "/etc/passwd", "nowhere"])
@pytest.mark.parametrize("place", ["linked", "data/linked", "data/.linked"])
def test_every_link_is_told(model: Path, place: str, leads_to: str) -> None:
    """What it leads to is loaded with the model, and may be something else tomorrow."""
    (model / place).symlink_to(leads_to)
    with pytest.raises(RegistryError, match=r"linked is a link \(put what it leads to"):
        folder_digest(model)


def test_a_folder_that_is_a_link_itself_is_told(model: Path, tmp_path: Path) -> None:
    (tmp_path / "served").symlink_to(model)
    with pytest.raises(RegistryError, match="served is a link"):
        folder_digest(tmp_path / "served")


@pytest.mark.parametrize("location", ["runs:/a/data", "RUNS:/a/data", "models:/m-1", " runs:/a/b"])
def test_an_address_that_leads_on_is_no_place_of_files(location: str) -> None:
    with pytest.raises(RegistryError, match="leads to whatever is logged there"):
        lasting_location(location)
    assert lasting_location("mlflow-artifacts:/1/runs:/x") == "mlflow-artifacts:/1/runs:/x"


def test_a_pipe_is_told(model: Path) -> None:
    os.mkfifo(model / "pipe")
    with pytest.raises(RegistryError, match="pipe is neither a file nor a folder"):
        folder_digest(model)


def test_a_folder_without_files_has_no_content(tmp_path: Path) -> None:
    (tmp_path / "empty" / "empty").mkdir(parents=True)
    for folder in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(RegistryError, match="has no files"):
            folder_digest(folder)


def test_names_that_are_no_text_are_told(model: Path) -> None:
    (model / "data" / os.fsdecode(b"\xff")).write_bytes(b"")
    with pytest.raises(RegistryError, match="data': holds a name that is no text"):
        folder_digest(model)


def test_a_file_is_found_however_deep_it_lies(model: Path) -> None:
    before = folder_digest(model)
    deep = model
    try:
        for _ in range(1_500):
            deep /= "d"
            deep.mkdir()
        assert folder_digest(model) == before
        (deep / "code.py").write_bytes(b"")
        assert folder_digest(model) != before
    finally:  # which pytest itself could not remove
        (deep / "code.py").unlink(missing_ok=True)
        while deep != model:
            deep.rmdir()
            deep = deep.parent


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told(model: Path) -> None:
    (model / "data").chmod(0)
    with pytest.raises(RegistryError, match="Permission denied"):
        folder_digest(model)
