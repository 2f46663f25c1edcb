"""A file that another program is writing."""

import subprocess
import sys
from pathlib import Path

import pytest

from fairness_audit.errors import SourceError
from fairness_audit.sources.files.duckdb_file import DuckdbSource


def test_a_duckdb_file_that_is_being_written_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "crm.duckdb"
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as writer:  # fmt: skip
        assert writer.stdout
        writer.stdout.readline()
        with (
            pytest.raises(SourceError, match=r"another program has it open for writing"),
            DuckdbSource(path).frozen(),
        ):
            pass
        writer.communicate("\n")
