"""People are told in one sentence, over real sockets; nothing depends on their being reached."""

import json
import logging
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairness_audit.errors import NotifyError
from fairness_audit.pipeline.notify.chat import post
from fairness_audit.pipeline.notify.notice import Notice, blocked, waits
from fairness_audit.pipeline.notify.notifier import NotifyPeople, with_notices
from tests.builders.domain import policy_content
from tests.servers.gate_api import a_decision
from tests.servers.listeners import chat, mailbox

SECRET = "T0/B0/canary-secret"
NOTICE = Notice(
    kind="blocked",
    model="lead_scoring",
    sentence="lead_scoring version 1 is blocked: women are called <b>half</b> as often {{ 1/0 }}",
    link="https://airflow.example/dags/audit_lead_scoring/runs/1/tasks/gate",
)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An installation whose policy tells by e-mail and webhook; give their ports."""
    (tmp_path / "sql").mkdir()
    file = tmp_path / "expectations" / "lead_scoring" / "policy.yaml"
    file.parent.mkdir(parents=True)
    notify = {"email": ["ai@example.org", "ml@example.org"], "webhook": "chat"}
    file.write_text(yaml.safe_dump(policy_content(notify=notify)))
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(tmp_path))

    def tell(smtp: int, webhook: int, *notices: Notice) -> None:
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "audit@example.org"}
        mail = {"conn_type": "smtp", "host": "127.0.0.1", "port": smtp, "extra": extra}
        host = f"http://127.0.0.1:{webhook}/services"
        hook = {"conn_type": "http", "host": host, "password": SECRET}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(mail))
        monkeypatch.setenv("AIRFLOW_CONN_CHAT", json.dumps(hook))
        NotifyPeople()({"exception": with_notices(ValueError("blocked"), *(notices or (NOTICE,)))})

    return tell


def test_a_sentence_is_one_line_with_a_link() -> None:
    link = "https://airflow.example/x"
    no = a_decision("block", model_version="1", reasons=("four_fifths: women\nare behind", "more"))
    notice = blocked(no, link)
    assert notice.text == (
        f"lead_scoring version 1 is blocked: four_fifths: women are behind. {link}"
    )
    unknown = blocked(a_decision("block", certain=False, reasons=("LedgerError: away",)), None)
    assert (unknown.kind, "cannot be told: LedgerError: away" in unknown.text) == (
        "undecided",
        True,
    )
    asked = a_decision("block", reasons=("waits for a review by responsible-ai: few people",))
    assert waits(asked, None).text == (
        "lead_scoring version 2 waits for a review by responsible-ai: few people."
    )
    long = Notice(kind="late", model="m", sentence="x" * 5000)
    assert len(long.text) < 700


@pytest.mark.usefixtures("airflow_database")
def test_both_channels_carry_the_sentence_as_text(told: Any) -> None:
    with mailbox() as mail, chat() as heard:
        told(mail.port, heard.port)
    assert mail.recipients == ["ai@example.org", "ml@example.org"]
    (letter,) = mail.mails
    assert letter["Subject"] == "Fairness audit of lead_scoring: blocked"
    assert letter["From"] == "audit@example.org"
    body = letter.get_body()
    assert body is not None
    assert "&lt;b&gt;half&lt;/b&gt; as often {{ 1/0 }}" in body.get_content()
    ((path, text),) = heard.messages
    assert path == f"/services/{SECRET}"
    assert text == NOTICE.text.replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.usefixtures("airflow_database")
def test_one_channel_that_is_down_does_not_silence_the_other(
    told: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with chat() as heard:
        told(closed_port(), heard.port)
    assert len(heard.messages) == 1
    with mailbox() as mail:
        told(mail.port, closed_port())
    assert len(mail.mails) == 1
    assert "email: nobody was told" in caplog.text
    assert "webhook chat: nobody was told" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.usefixtures("airflow_database")
def test_what_fails_once_is_tried_again(told: Any) -> None:
    with mailbox(failures=1) as mail, chat(500) as heard:
        told(mail.port, heard.port)
    assert (len(mail.mails), len(heard.messages)) == (1, 1)


@pytest.mark.usefixtures("airflow_database")
def test_without_connections_or_policy_nothing_is_sent_and_nothing_raised(
    told: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unknown = NOTICE.model_copy(update={"model": "unknown"})
    told(closed_port(), closed_port(), unknown)
    assert "nobody is told about unknown" in caplog.text
    NotifyPeople()({"exception": ValueError("no notices")})
    NotifyPeople()({})


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_webhook_that_fails_is_asked_twice(status: int) -> None:
    with (
        chat(status, status, status) as heard,
        pytest.raises(NotifyError, match=f"the chat did not take a message: it answered {status}"),
    ):
        post(f"http://127.0.0.1:{heard.port}/{SECRET}", "x", name="the chat", pause=0)
    assert heard.asked == 2


@pytest.mark.parametrize("status", [301, 400, 403, 404])
def test_a_webhook_that_refuses_is_asked_once_and_not_followed(status: int) -> None:
    told = f"the chat refused a message: it answered {status}"
    with chat(status) as heard, pytest.raises(NotifyError, match=told):
        post(f"http://127.0.0.1:{heard.port}/", "x", name="the chat", pause=0)
    assert heard.asked == 1


def test_a_webhook_that_is_slow_is_not_waited_for_long() -> None:
    answer = threading.Event()
    with chat(waits_for=answer) as heard:
        begun = time.monotonic()
        with pytest.raises(NotifyError, match="ReadTimeout") as caught:
            post(f"http://127.0.0.1:{heard.port}/{SECRET}", "x", name="the chat", pause=0)
        assert time.monotonic() - begun < 10
        answer.set()
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("address", ["no address", "http://", "ftp://127.0.0.1/x", "http://[::"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(NotifyError, match="the chat did not take a message"):
        post(address, "x", name="the chat", pause=0)


def test_libraries_do_not_log_the_secret_part_of_the_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for library in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=library)
    with chat() as heard:
        post(f"http://127.0.0.1:{heard.port}/{SECRET}", "x", name="the chat")
    assert "canary" not in caplog.text
