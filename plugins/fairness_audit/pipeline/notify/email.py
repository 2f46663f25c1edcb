"""E-mail through Airflow's SMTP connection, with less patience than Airflow's own notifier.

Airflow ends what a task still does 20 s after it has failed, so a server that does not answer must
not keep the other channels waiting.
"""

import html
from functools import cached_property

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from tenacity import retry, stop_after_attempt, wait_fixed

from fairness_audit.pipeline.notify.notice import Notice


class _HurriedHook(SmtpHook):
    timeout = 4
    smtp_retry_limit = 0


class _Hurried(SmtpNotifier):
    @cached_property
    def hook(self) -> SmtpHook:
        """The connection that Airflow's configuration names, `smtp_default` otherwise."""
        return _HurriedHook(smtp_conn_id=self.smtp_conn_id, auth_type=self.auth_type)


@retry(stop=stop_after_attempt(2), wait=wait_fixed(0.5), reraise=True)
def mail(notice: Notice, addresses: tuple[str, ...]) -> None:
    """Send a notice to all addresses at once; the sender is the connection's ``from_email``.

    Raises:
        Exception: whatever SMTP or the connection raises, after a second attempt.
    """
    notifier = _Hurried(
        to=list(addresses),
        subject=notice.subject,
        html_content=f"<p>{html.escape(notice.text)}</p>",
    )
    notifier.notify({})  # not as a call, which would render the sentence as a template
