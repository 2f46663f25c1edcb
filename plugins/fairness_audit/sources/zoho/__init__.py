"""Zoho CRM v8, by bulk read jobs; converted leads by the records API, which Zoho hides by default.

Bulk read has no order and no snapshot, and may leave converted leads out: so these are read once
more by themselves, rows that come twice count once, and the whole is held against a count.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from fairness_audit.errors import SourceError
from fairness_audit.sources import RateLimited, TableError
from fairness_audit.sources.web.addresses import WebAddress, web_address
from fairness_audit.sources.web.answers import Shape, Visible, Whole
from fairness_audit.sources.web.tokens import Token, Tokens, requested
from fairness_audit.sources.web.transport import Patience, Refused, Transport, clock_of
from fairness_audit.sources.zoho.fields import Described, fields_of
from fairness_audit.sources.zoho.table import ZohoTable

__all__ = ["ZohoLogin", "ZohoSource"]

ACCOUNTS = {
    "com": "https://accounts.zoho.com",
    "eu": "https://accounts.zoho.eu",
    "in": "https://accounts.zoho.in",
    "com.au": "https://accounts.zoho.com.au",
    "jp": "https://accounts.zoho.jp",
    "ca": "https://accounts.zohocloud.ca",
    "com.cn": "https://accounts.zoho.com.cn",
    "sa": "https://accounts.zoho.sa",
}
"""Where each data centre logs in."""

_LIMITS = frozenset({"TOO_MANY_REQUESTS", "LIMIT_EXCEEDED"})
_EXPIRED = frozenset({"INVALID_TOKEN", "AUTHENTICATION_FAILURE"})
_CURES = {
    "OAUTH_SCOPE_MISMATCH": "log in anew with the scopes ZohoCRM.modules.READ,"
    " ZohoCRM.settings.fields.READ, ZohoCRM.bulk.READ and ZohoCRM.coql.READ",
    "NO_PERMISSION": "grant the integration user's profile access to the module",
    "INVALID_MODULE": "check table: write the API name of the module",
    "INVALID_QUERY": "check columns and window_on of the policy",
}
_SETTLED = timedelta(seconds=2)


class _Given(Shape):
    access_token: Visible
    api_domain: WebAddress
    expires_in: Whole = 3600


@dataclass(frozen=True)
class ZohoLogin:
    """A self client's login: ``data_center`` is one of `ACCOUNTS`, or an address."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    data_center: str = "com"
    keep_in: Path | None = None

    @property
    def accounts(self) -> str:
        """Where to log in.

        Raises:
            SourceError: there is no such data centre.
        """
        try:
            if "://" in self.data_center:
                return web_address(self.data_center)
            return ACCOUNTS[self.data_center]
        except (KeyError, ValueError):
            raise SourceError(
                f"extra.data_center {self.data_center!r}: there is no such data centre of Zoho"
                f" (write one of {', '.join(ACCOUNTS)})"
            ) from None

    def tokens(self, place: str) -> Tokens:
        """The tokens of this login, kept between tasks: Zoho gives few in ten minutes."""
        identity = f"zoho {self.accounts} {self.client_id}"
        return Tokens(identity, lambda: self._ask(place), self.keep_in)

    def _ask(self, place: str) -> Token:
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
        }
        given = requested(place, f"{self.accounts}/oauth/v2/token", form, _Given)
        ends = datetime.now(UTC).timestamp() + given.expires_in
        return Token(given.access_token, given.api_domain, ends)


class ZohoSource:
    """One organisation in Zoho CRM; ``least_credits`` are left to others."""

    def __init__(
        self, login: ZohoLogin, *, least_credits: int = 1000, patience: Patience | None = None
    ) -> None:
        self._place = login.accounts.partition("//")[2]
        self._tokens = login.tokens(self._place)
        self._least_credits = least_credits
        self._patience = patience or Patience()

    def __repr__(self) -> str:
        return f"ZohoSource({self._place})"

    @contextmanager
    def frozen(self) -> Iterator["FrozenZoho"]:
        """Log in; rows created after this moment by Zoho's clock are left out."""
        token = self._tokens.get()
        transport = Transport(
            place=self._place,
            base=token.address,
            login=lambda renew: f"Zoho-oauthtoken {self._tokens.get(renew=renew).secret}",
            codes=[["code"], ["data", 0, "code"]],
            limits=_LIMITS,
            expired=_EXPIRED,
            cures=_CURES,
            patience=self._patience,
            observe=self._guard_credits,
        )
        with transport.opened():
            clock = transport.ask("GET", "/crm/v8/org", lambda answer: clock_of(answer.headers))
            settled = clock.astimezone(UTC).replace(microsecond=0) - _SETTLED
            yield FrozenZoho(transport, settled)

    def _guard_credits(self, headers: httpx.Headers) -> None:
        """Other systems live on the same credits: stop before they are spent."""
        left = headers.get("X-API-CREDITS-REMAINING", "")
        if left.isascii() and left.isdecimal() and int(left) < self._least_credits:
            raise RateLimited(
                f"{self._place}: {left} API credits of the day are left, and"
                f" extra.least_credits keeps {self._least_credits} for others"
                " (try again tomorrow, or lower it)",
                3600.0,
            )


class FrozenZoho:
    """All modules as far as their records were created by one moment."""

    def __init__(self, transport: Transport, taken_at: datetime) -> None:
        self._transport = transport
        self.taken_at = taken_at

    def table(self, schema: str | None, name: str) -> ZohoTable:
        """Find one module by its API name.

        Raises:
            TableError: there is none, or the integration user does not see it.
        """
        if schema is not None or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            raise TableError(f"{name}: Zoho has no schemas (write the API name of the module)")
        try:
            described = self._transport.json_if_any(
                "GET", "/crm/v8/settings/fields", Described, params={"module": name}
            )
        except Refused as refused:
            raise TableError(
                f"there is no module {name}, or the integration user may not see it"
                f" ({refused.refusal})"
            ) from refused
        fields = fields_of(() if described is None else described.fields)
        if len(fields) == 1:
            raise TableError(f"module {name} shows no field to the integration user")
        return ZohoTable(self._transport, name, fields, as_of=self.taken_at)
