"""A message to a chat, by an incoming webhook that takes ``{"text": …}`` as Slack's do."""

import httpx
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from fairness_audit.errors import NotifyError

ATTEMPTS = 2
SECONDS = 3.0
"""For one attempt. Airflow ends what a task still does 20 s after it has failed."""


class _Refused(Exception):
    """The other side will not take it."""


class _Unheard(Exception):
    """The other side did not take it, and may take it if asked again."""


def post(address: str, text: str, *, name: str, pause: float = 0.5) -> None:
    """Send one message.

    Args:
        address: of the webhook; it is a secret, and no error names it.
        text: what is said. Mentions and links that it may hold are shown as they are written.
        name: what an error calls the webhook.
        pause: seconds between two attempts.

    Raises:
        NotifyError: when it was not taken.
    """
    tries = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_fixed(pause),
        retry=retry_if_exception_type(_Unheard),
    )
    try:
        tries(_post, address, text)
    except RetryError as error:
        why = error.last_attempt.exception()
        raise NotifyError(f"{name} did not take a message: {why}") from None
    except _Refused as error:
        raise NotifyError(f"{name} refused a message: {error}") from None


def _post(address: str, text: str) -> None:
    shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    timeout = {"timeout": httpx.Timeout(SECONDS).as_dict()}
    try:
        request = httpx.Request("POST", address, json={"text": shown}, extensions=timeout)
        # Not a client: it logs the address of what it asks, and that is a secret.
        with httpx.HTTPTransport() as transport:
            response = transport.handle_request(request)
            status = response.status_code
            response.close()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _Unheard(type(error).__name__) from None
    if status >= 500 or status == 429:
        raise _Unheard(f"it answered {status}")
    if status >= 300:
        raise _Refused(f"it answered {status}")
