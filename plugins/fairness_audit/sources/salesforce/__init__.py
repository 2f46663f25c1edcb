"""Salesforce, by Bulk API 2.0 query jobs; by REST queries where Bulk refuses an object.

Deleted and archived rows are read too (`queryAll`): whether a row counts is for the staging SQL
to say, by `IsDeleted`. A field that the integration user may not see is missing from describe, and
so is an error, never a column of NULLs.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx

from fairness_audit.sources import RateLimited, TableError
from fairness_audit.sources.salesforce.fields import Described, fields_of, ids_among
from fairness_audit.sources.salesforce.login import SalesforceLogin
from fairness_audit.sources.salesforce.table import SalesforceTable
from fairness_audit.sources.web.transport import Patience, Refused, Transport, clock_of

__all__ = ["SalesforceLogin", "SalesforceSource"]

API_VERSION = "60.0"
_LIMITS = frozenset({"REQUEST_LIMIT_EXCEEDED", "LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR"})
_EXPIRED = frozenset({"INVALID_SESSION_ID"})
_CURES = {
    "INVALID_FIELD": "check columns: the field is gone, or hidden from the integration user",
    "INVALID_TYPE": "check table: the object is gone, or hidden from the integration user",
    "INSUFFICIENT_ACCESS": "grant the integration user View All on the object",
    "API_DISABLED_FOR_ORG": "the edition has no API, or the user's profile no API Enabled",
    "MALFORMED_QUERY": "check table and columns of the policy",
}
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_SETTLED = timedelta(seconds=2)


class SalesforceSource:
    """A Salesforce org; ``quota_share`` of its daily API requests at most is used."""

    def __init__(
        self,
        login: SalesforceLogin,
        *,
        api_version: str = API_VERSION,
        quota_share: float = 0.8,
        patience: Patience | None = None,
    ) -> None:
        self._place = login.address.removeprefix("https://").removeprefix("http://")
        self._tokens = login.tokens(self._place)
        self._version = api_version
        self._share = quota_share
        self._patience = patience or Patience()

    def __repr__(self) -> str:
        return f"SalesforceSource({self._place})"

    @contextmanager
    def frozen(self) -> Iterator["FrozenSalesforce"]:
        """Log in; rows created after this moment by the org's clock are left out."""
        token = self._tokens.get()
        transport = Transport(
            place=self._place,
            base=f"{token.address}/services/data/v{self._version}",
            login=lambda renew: f"Bearer {self._tokens.get(renew=renew).secret}",
            codes=[[0, "errorCode"], ["errorCode"]],
            limits=_LIMITS,
            expired=_EXPIRED,
            cures=_CURES,
            patience=self._patience,
            observe=self._guard_quota,
        )
        with transport.opened():
            clock = transport.ask("GET", "/limits", lambda answer: clock_of(answer.headers))
            yield FrozenSalesforce(transport, clock.astimezone(UTC) - _SETTLED)

    def _guard_quota(self, headers: httpx.Headers) -> None:
        """Other systems live on the same daily allowance: stop before it is spent."""
        found = _USAGE.search(headers.get("Sforce-Limit-Info", ""))
        if found and int(found[1]) >= self._share * int(found[2]):
            raise RateLimited(
                f"{self._place}: {found[1]} of {found[2]} API requests of the day are used, and"
                f" extra.quota_share leaves {self._share:.0%} of them to be used"
                " (try again tomorrow, or raise it)",
                3600.0,
            )


class FrozenSalesforce:
    """All objects as far as they were created by one moment."""

    def __init__(self, transport: Transport, taken_at: datetime) -> None:
        self._transport = transport
        self.taken_at = taken_at

    def table(self, schema: str | None, name: str) -> SalesforceTable:
        """Find one object by its API name.

        Raises:
            TableError: there is none, or the integration user does not see it.
        """
        if schema is not None or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            raise TableError(
                f"{name}: Salesforce has no schemas (write the API name of the object)"
            )
        try:
            described = self._transport.json("GET", f"/sobjects/{name}/describe", Described)
        except Refused as refused:
            if refused.refusal.status not in (403, 404) and refused.refusal.code != "INVALID_TYPE":
                raise
            raise TableError(
                f"there is no object {name}, or the integration user may not see it"
                f" ({refused.refusal}; custom ones end with __c)"
            ) from refused
        if not described.queryable:
            raise TableError(f"object {name} cannot be queried (read what it is made from)")
        fields = fields_of(described)
        return SalesforceTable(
            self._transport, name, fields, ids_among(described), as_of=self.taken_at
        )
