"""How a connection logs in to Salesforce: client credentials, or a signed assertion."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import jwt

from fairness_audit.errors import SourceError
from fairness_audit.sources.web.addresses import WebAddress
from fairness_audit.sources.web.answers import Shape, Visible
from fairness_audit.sources.web.tokens import Token, Tokens, requested

_ASSERTION_SECONDS = 180


class _Given(Shape):
    access_token: Visible
    instance_url: WebAddress | None = None


@dataclass(frozen=True)
class SalesforceLogin:
    """An integration user's login.

    ``address`` is the My Domain address (``https://company.my.salesforce.com``). With ``user`` and
    ``private_key`` (PEM) the JWT bearer flow is used, else the client's secret.
    """

    address: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    user: str | None = None
    private_key: str | None = field(default=None, repr=False)
    audience: str = "https://login.salesforce.com"
    keep_in: Path | None = None

    def tokens(self, place: str) -> Tokens:
        """The tokens of this login; Salesforce does not say when one runs out."""
        identity = f"salesforce {self.address} {self.client_id} {self.user or ''}"
        return Tokens(identity, lambda: self._ask(place), self.keep_in)

    def _ask(self, place: str) -> Token:
        form = {"client_id": self.client_id}
        if self.user and self.private_key:
            form |= {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": self._assertion(place),
            }
        elif self.client_secret:
            form |= {"grant_type": "client_credentials", "client_secret": self.client_secret}
        else:
            raise SourceError(
                f"{place}: the connection has neither a password (the client's secret) nor"
                " extra.user with extra.private_key (write one of the two)"
            )
        given = requested(place, f"{self.address}/services/oauth2/token", form, _Given)
        return Token(given.access_token, given.instance_url or self.address)

    def _assertion(self, place: str) -> str:
        claims = {
            "iss": self.client_id,
            "sub": self.user,
            "aud": self.audience,
            "exp": int(time.time()) + _ASSERTION_SECONDS,
        }
        try:
            return jwt.encode(claims, self.private_key or "", algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            # Without its cause, which can quote the key.
            raise SourceError(
                f"{place}: extra.private_key is no RSA key (write its PEM, with line ends as \\n)"
            ) from None
