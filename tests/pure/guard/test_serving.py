"""What lies on the disk of the server is what was audited, or it is not served."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.files import write_bytes
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.keys import public_pem
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.signed.dsse import open_head, sign, sign_head
from fairness_audit.registry.artifact import folder_digest
from tests.builders.published import (
    FAILED,
    SIGNER,
    TRUSTED,
    a_loaded_policy,
    a_record,
    published,
)


class Server:
    """A machine with the audited files, the records, their heads and the keys; nothing else."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.loaded: LoadedPolicy = a_loaded_policy(folder)
        (folder / "sql").mkdir()
        self.model = folder / "model"
        write_bytes(self.model / "MLmodel", b"flavors: {}\n")
        write_bytes(self.model / "data" / "weights", b"1 2 3")
        write_bytes(folder / "trusted" / "key.pem", public_pem(SIGNER.public_key))
        for name, value in {
            "HOME": folder,
            "STATE": folder,
            "HEADS": folder / "heads",
            "TRUSTED_KEYS": folder / "trusted",
            "LEDGER": "postgresql://nobody@127.0.0.1:1/none",
            "REGISTRY": "http://127.0.0.1:1",
        }.items():
            monkeypatch.setenv(f"FAIRNESS_AUDIT_{name}", str(value))

    def asked(self, version: str = "1") -> tuple[int, str]:
        """Exit code and output of the verb."""
        arguments = ["--model", "lead_scoring", "--version", version]
        result = CliRunner().invoke(app, ["verify-serving", str(self.model), *arguments])
        return result.exit_code, result.output


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    from datetime import UTC, datetime

    server = Server(tmp_path, monkeypatch)
    now = datetime.now(UTC)
    published(server.loaded, tmp_path, artifact_digest=folder_digest(server.model), now=now)
    return server


def test_the_audited_files_are_served(server: Server) -> None:
    code, output = server.asked()
    assert code == 0, output
    assert output.startswith("allow: lead_scoring version 1")


def test_one_changed_byte_is_not(server: Server) -> None:
    (server.model / "data" / "weights").write_bytes(b"1 2 4")
    code, output = server.asked()
    assert code == 1
    assert "the model's files are not those that were audited" in output


def test_neither_is_one_file_more(server: Server) -> None:
    (server.model / "hook.py").write_text("")
    assert server.asked()[0] == 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize("put", [lambda at: at.symlink_to("/etc"), os.mkfifo])
def test_nor_what_leads_elsewhere_or_never_ends(
    server: Server, put: Callable[[Path], None]
) -> None:
    """A folder behind a link was outside the digest, and was loaded all the same."""
    (server.model / "code").mkdir()
    put(server.model / "code" / "wave")
    code, output = server.asked()
    assert code == 2
    assert "wave is" in " ".join(output.split())


def test_nor_what_an_older_copy_of_records_and_heads_lets_pass(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The witness is a place of its own, which they do not reach."""
    witness = server.folder / "witness"
    shutil.copytree(server.folder / "heads", witness)
    monkeypatch.setenv("FAIRNESS_AUDIT_WITNESS", str(witness))
    assert server.asked()[0] == 0
    (newest,) = witness.iterdir()
    seen = open_head(newest.read_bytes(), TRUSTED)
    later = a_record(seq=seen.seq + 1, prev=seen.envelope_digest)
    write_bytes(witness / "000000000002.json", sign_head(sign(later, SIGNER), SIGNER))
    code, output = server.asked()
    assert code == 1
    assert "older copy: record 2 is not there" in " ".join(output.split())


def test_nor_another_version(server: Server) -> None:
    code, output = server.asked("2")
    assert code == 1
    assert "there is no audit record of lead_scoring version 2" in output


def test_records_that_were_cut_off_are_named(server: Server) -> None:
    failed = Judgement(verdict=Verdict.FAIL, findings=(FAILED,))
    digest = folder_digest(server.model)
    from datetime import UTC, datetime, timedelta

    from tests.builders.published import an_audit

    snapshot = an_audit(server.loaded)["snapshot"]
    later = snapshot.model_copy(update={"logical_date": snapshot.logical_date + timedelta(days=1)})
    last = published(
        server.loaded,
        server.folder,
        artifact_digest=digest,
        judgement=failed,
        snapshot=later,
        now=datetime.now(UTC),
    )
    assert server.asked()[0] == 1
    last.file.unlink()
    code, output = server.asked()
    assert code == 1
    assert "truncated: the ledger had 2 records, and 1 are there" in output
    assert "rolled back: lead_scoring version 1 is back at pass" in output


def test_without_files_or_records_nobody_can_tell(server: Server) -> None:
    empty = server.folder / "empty"
    empty.mkdir()
    server.model = empty
    code, output = server.asked()
    assert code == 2
    assert "has no files" in output
    assert Heads(str(server.folder / "heads")).newest(TRUSTED) is not None
