"""What belongs to the content of a version, and what is none."""

import os
from pathlib import Path

import pytest

from fairness_audit.errors import RegistryError
from fairness_audit.registry.artifact import folder_digest


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The files of a model."""
    (tmp_path / "model" / "data").mkdir(parents=True)
    (tmp_path / "model" / "MLmodel").write_bytes(b"flavors: {}\n")
    return tmp_path / "model"


def test_a_linked_file_is_what_it_leads_to(model: Path, tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"1")
    (model / "weights").symlink_to(tmp_path / "weights")
    before = folder_digest(model)
    (tmp_path / "weights").write_bytes(b"2")
    assert folder_digest(model) != before


@pytest.mark.parametrize("leads_to", [".", "data", "/etc"])
def test_a_linked_folder_is_told(model: Path, leads_to: str) -> None:
    """What it holds is loaded with the model, and is none of the files that are digested."""
    (model / "linked").symlink_to(leads_to)
    with pytest.raises(RegistryError, match="linked links to a folder"):
        folder_digest(model)


def test_a_link_that_leads_nowhere_is_told(model: Path) -> None:
    (model / "weights").symlink_to("nowhere")
    with pytest.raises(RegistryError, match="weights is neither a file nor a folder"):
        folder_digest(model)


def test_a_pipe_is_told(model: Path) -> None:
    os.mkfifo(model / "pipe")
    with pytest.raises(RegistryError, match="pipe is neither a file nor a folder"):
        folder_digest(model)


def test_a_folder_without_files_has_no_content(tmp_path: Path) -> None:
    (tmp_path / "empty" / "empty").mkdir(parents=True)
    for folder in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(RegistryError, match="has no files"):
            folder_digest(folder)
