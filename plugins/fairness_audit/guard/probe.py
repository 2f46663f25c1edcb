"""Does a running registry ask the gate? Found out by a promotion that it must refuse.

MLflow's own page of health stays green without this package, and a version number proves nothing.
So each guarded name is asked for, for a model that cannot exist: no MLflow takes a colon in a
name. A guarded registry refuses with our reason, before it looks the model up; a plain one has
looked it up.
"""

from collections.abc import Iterable, Iterator, Mapping

import httpx

from fairness_audit.errors import RegistryError
from fairness_audit.guard.guard import NOT_AUDITED, SIGN
from fairness_audit.registry.served import API, server_at

CANNOT_EXIST = "fairness-audit:is-it-guarded"
_PLAIN = {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}


def unguarded(address: str, aliases: Iterable[str]) -> list[str]:
    """Why a registry is not guarded, one sentence for each name it would let through.

    Args:
        address: the registry's address.
        aliases: what the policies guard.

    Raises:
        RegistryError: when nobody can tell: it does not answer, or something else refuses.
    """
    if not address.startswith(("http://", "https://")):
        return [
            "the registry is opened as a database, where nothing can refuse"
            " (FAIRNESS_AUDIT_REGISTRY: name an MLflow server)"
        ]
    with server_at(address) as server:
        return [
            f"{what} is not guarded: {said}"
            for what, path, body in _attempts(aliases)
            if (said := _let_through(server, path, body)) is not None
        ]


def is_guarded(address: str, alias: str) -> bool:
    """True if a registry surely asks the gate before it moves this alias."""
    try:
        return not unguarded(address, [alias])
    except RegistryError:
        return False


def _attempts(aliases: Iterable[str]) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    version = {"name": CANNOT_EXIST, "version": "1"}
    stage = version | {"stage": "Production"}
    yield "stage Production", f"{API}/model-versions/transition-stage", stage
    for alias in sorted(set(aliases)):
        yield f"alias {alias!r}", f"{API}/registered-models/alias", version | {"alias": alias}


def _let_through(server: httpx.Client, path: str, body: Mapping[str, str]) -> str | None:
    """What a registry said that did not refuse; None if it did."""
    try:
        answer = server.post(path, json=body)
        told = answer.json() if answer.content else {}
        code, message = str(told.get("error_code")), str(told.get("message"))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError) as error:
        raise RegistryError(
            f"the registry cannot be asked whether it is guarded: {type(error).__name__}: {error}"
            " (check that it is up, and FAIRNESS_AUDIT_REGISTRY)"
        ) from error
    if answer.status_code == httpx.codes.FORBIDDEN and message.startswith(SIGN):
        if NOT_AUDITED in message:
            return None
        raise RegistryError(f"the registry is guarded, and can promote nothing: {message}")
    if answer.is_success or code in _PLAIN:
        return f"HTTP {answer.status_code} {message}"
    raise RegistryError(
        f"the registry does not say whether it is guarded: HTTP {answer.status_code} {message}"
        " (check the login: MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD)"
    )
