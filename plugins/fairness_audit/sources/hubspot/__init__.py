"""HubSpot CRM, by its lists of objects: those that are live, then those that are archived.

The lists have no window and no count, so every record is read and what lies outside the limits
is left out here; the search endpoint counts the live ones. Archived ones nobody counts: they are
held against nothing but themselves. A property that a record has no value of is missing from it,
or null; one that the account has not, the properties API does not list.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from fairness_audit.sources import Field, TableError
from fairness_audit.sources.hubspot.table import VERSION, HubspotTable
from fairness_audit.sources.web.answers import Shape, Word
from fairness_audit.sources.web.transport import Patience, Refused, Transport, clock_of

__all__ = ["HubspotLogin", "HubspotSource"]

ADDRESS = "https://api.hubapi.com"
_CURES = {
    "MISSING_SCOPES": "grant the private app the scope crm.objects.<object>.read",
    "INVALID_AUTHENTICATION": "check the password of the connection: the private app's token",
}
_SETTLED = timedelta(seconds=2)
_TYPES = {
    "bool": pa.bool_(),
    "number": pa.float64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", tz="UTC"),
}
_OWN = {
    "id": Field("id", pa.string(), readable=True),
    "createdAt": Field("datetime", pa.timestamp("us", tz="UTC"), readable=True),
    "updatedAt": Field("datetime", pa.timestamp("us", tz="UTC"), readable=True),
    "archived": Field("bool", pa.bool_(), readable=True),
    "archivedAt": Field("datetime", pa.timestamp("us", tz="UTC"), readable=True),
}
"""What every record has beside its properties."""


class _Property(Shape):
    name: str
    type: Word


class _Properties(Shape):
    results: list[_Property]


@dataclass(frozen=True)
class HubspotLogin:
    """A private app's token."""

    token: str = field(repr=False)
    address: str = ADDRESS


class HubspotSource:
    """One HubSpot account."""

    def __init__(self, login: HubspotLogin, *, patience: Patience | None = None) -> None:
        self._login = login
        self._place = login.address.partition("//")[2]
        self._patience = patience or Patience()

    def __repr__(self) -> str:
        return f"HubspotSource({self._place})"

    @contextmanager
    def frozen(self) -> Iterator["FrozenHubspot"]:
        """Log in; records created after this moment by HubSpot's clock are left out."""
        transport = Transport(
            place=self._place,
            base=self._login.address,
            login=lambda renew: f"Bearer {self._login.token}",
            codes=[["category"]],
            limits=frozenset({"RATE_LIMITS"}),
            cures=_CURES,
            patience=self._patience,
        )
        with transport.opened():
            clock = transport.ask(
                "GET", _properties_of("contacts"), lambda answer: clock_of(answer.headers)
            )
            yield FrozenHubspot(transport, clock.astimezone(UTC) - _SETTLED)


class FrozenHubspot:
    """All objects as far as their records were created by one moment."""

    def __init__(self, transport: Transport, taken_at: datetime) -> None:
        self._transport = transport
        self.taken_at = taken_at

    def table(self, schema: str | None, name: str) -> HubspotTable:
        """Find one object type.

        Raises:
            TableError: there is none, or the private app does not see it.
        """
        if schema is not None or not re.fullmatch(r"[A-Za-z0-9_\-]+", name):
            raise TableError(f"{name}: HubSpot has no schemas (write the object type)")
        try:
            described = self._transport.json("GET", _properties_of(name), _Properties)
        except Refused as refused:
            raise TableError(
                f"there is no object type {name}, or the private app may not see it"
                f" ({refused.refusal})"
            ) from refused
        properties = {
            each.name: Field(
                each.type,
                _TYPES.get(each.type, pa.string()),
                readable="," not in each.name,  # it becomes a part of a list of names
            )
            for each in described.results
        }
        return HubspotTable(self._transport, name, properties | _OWN, as_of=self.taken_at)


def _properties_of(name: str) -> str:
    return f"/crm/properties/{VERSION}/{name}"
