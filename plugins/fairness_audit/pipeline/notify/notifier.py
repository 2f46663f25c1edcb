"""Airflow notifiers: whom the policy names is told what a failed task found.

A task raises its error with notices; the notifier, as the task's failure callback, sends them.
Airflow runs it after the task's end was reported, logs what goes wrong in it, and so neither the
verdict nor the run depends on anybody being reached.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import quote

from airflow.providers.common.compat.sdk import conf
from airflow.sdk import BaseNotifier, Connection

from fairness_audit.errors import AuditError, PolicyError
from fairness_audit.installation import Installation
from fairness_audit.pipeline.notify.chat import post
from fairness_audit.pipeline.notify.notice import Notice
from fairness_audit.policy.load import FILE_NAME, notified_by
from fairness_audit.policy.people import Notify

log = logging.getLogger(__name__)

Error = TypeVar("Error", bound=Exception)


def with_notices(error: Error, *notices: Notice) -> Error:
    """The error, with what people are told if the task ends failed by it."""
    error.notices = notices  # type: ignore[attr-defined]
    return error


def link_to(dag_id: str, run_id: str, *places: str) -> str | None:
    """Address of a run in Airflow's pages, or of a place in it; None where nobody set where."""
    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    path = "/".join(["dags", quote(dag_id), "runs", quote(run_id, safe=""), *map(quote, places)])
    return f"{base}/{path}" if base else None


class NotifyPeople(BaseNotifier):
    """Tell what a failed task found to the people whom the model's policy names."""

    # Nothing is rendered as a template: sentences hold names from the CRM.
    template_fields = ()

    def notify(self, context: Any) -> None:
        """Send what the task's error carries."""
        send(getattr(context.get("exception"), "notices", ()))


def send(notices: Iterable[Notice]) -> None:
    """Send every notice on every channel; what does not arrive is logged."""
    installation = Installation.from_environment()
    for notice in notices:
        try:
            told = _told_about(notice.model, installation)
        except AuditError as error:
            log.warning("nobody is told about %s: %s", notice.model, error)
            continue
        _send(notice, told)


def _told_about(model: str, installation: Installation) -> Notify:
    """Whom a model's policy names, though it may have faults elsewhere."""
    try:
        return installation.policy(model).policy.notify
    except PolicyError:
        told = notified_by(installation.settings.expectations / model / FILE_NAME)
        if told is None:
            raise
        return told


def _send(notice: Notice, told: Notify) -> None:
    channels: list[tuple[str, Callable[[], None]]] = []
    if told.email:
        channels.append(("email", lambda: _email(notice, told)))
    if told.webhook:
        webhook = told.webhook
        channels.append((f"webhook {webhook}", lambda: _webhook(notice, webhook)))
    for name, deliver in channels:
        try:
            deliver()
        except Exception as error:  # whatever it is, the others are told
            # Of an error of somebody else's only its kind: its text may hold an address.
            why = error if isinstance(error, AuditError) else type(error).__name__
            log.error("%s: nobody was told that %s (%s)", name, notice.text, why)
        else:
            log.info("%s: told that %s", name, notice.text)


def _email(notice: Notice, told: Notify) -> None:
    from fairness_audit.pipeline.notify.email import (
        mail,  # its libraries are not needed to parse a DAG
    )

    mail(notice, told.email)


def _webhook(notice: Notice, connection_id: str) -> None:
    connection = Connection.get(connection_id)
    host = str(connection.host or "")
    scheme = connection.schema or ("http" if connection.conn_type == "http" else "https")
    address = host if "://" in host else f"{scheme}://{host}"
    if connection.port:
        address = f"{address}:{connection.port}"
    if connection.password:
        address = f"{address.rstrip('/')}/{connection.password.lstrip('/')}"
    post(address, notice.text, name=f"the webhook {connection_id}")
