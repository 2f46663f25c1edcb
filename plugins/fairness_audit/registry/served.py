"""An MLflow server, spoken to over HTTP as its own client does, without loading that.

Only what MLflow documents of its REST API is used, and only names that mean the same in a path, in
an address and to MLflow; of anything else its client has to make sense.
"""

import base64
import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from fairness_audit.errors import RegistryError

API = "api/2.0/mlflow"
_ARTIFACTS = "api/2.0/mlflow-artifacts/artifacts"
_PLAIN = re.compile(r"(?!\.{1,2}$)[\w.@+=, -]+")
_ON_THE_SERVER = re.compile(r"mlflow-artifacts:/([^/].*)")
_CONNECT_SECONDS, _WAIT_SECONDS = 5, 60
_CHUNK_BYTES = 1 << 20


def server_at(address: str) -> httpx.Client:
    """A client with the login and the trust that MLflow's own would have.

    A login is taken from ``MLFLOW_TRACKING_USERNAME`` and ``MLFLOW_TRACKING_PASSWORD``, or from
    ``MLFLOW_TRACKING_TOKEN``; one in the address goes before both. Redirects are not followed.

    Raises:
        RegistryError: when the certificates to trust cannot be read.
    """
    timeout = httpx.Timeout(_WAIT_SECONDS, connect=_CONNECT_SECONDS)
    try:
        return httpx.Client(base_url=address, timeout=timeout, headers=_login(), verify=_trust())
    except (OSError, ValueError, httpx.InvalidURL) as error:
        raise RegistryError(
            f"the model registry cannot be asked: {type(error).__name__}: {error}"
            " (check FAIRNESS_AUDIT_REGISTRY and MLFLOW_TRACKING_SERVER_CERT_PATH)"
        ) from error


def location_of(server: httpx.Client, model: str, version: str) -> str:
    """Where the files of a version are, as the server says.

    Raises:
        RegistryError: when it does not say.
    """
    wanted = {"name": model, "version": version}
    found = _told(server, f"{API}/model-versions/get-download-uri", wanted).get("artifact_uri")
    if not isinstance(found, str):
        raise RegistryError(f"{model} version {version}: the server names no place")
    return found


def fetch(server: httpx.Client, location: str, folder: Path) -> None:
    """Copy the files that the server itself keeps at a location into an empty folder.

    Raises:
        RegistryError: when they are elsewhere, there are none, or one cannot be had.
    """
    found = _ON_THE_SERVER.fullmatch(location)
    if found is None or not all(_PLAIN.fullmatch(name) for name in found[1].split("/")):
        raise RegistryError(f"{location}: is no plain place on the server")
    _fetch(server, found[1], _listed(server, found[1]), folder)


def _fetch(
    server: httpx.Client, place: str, entries: list[tuple[str, bool]], folder: Path
) -> None:
    for name, is_folder in entries:
        inner = f"{place}/{name}"
        if is_folder:
            within = _listed(server, inner)
            if within == [(name, False)]:  # which MLflow takes for a file
                raise RegistryError(f"{inner}: is a folder or a file")
            (folder / name).mkdir()
            _fetch(server, inner, within, folder / name)
        else:
            _save(server, inner, folder / name)


def _listed(server: httpx.Client, place: str) -> list[tuple[str, bool]]:
    """The names in a folder, each with whether it is a folder itself."""
    entries = _told(server, _ARTIFACTS, {"path": place}).get("files", [])
    try:
        found = [(each["path"], each["is_dir"]) for each in entries]
    except (KeyError, TypeError) as error:
        raise RegistryError(f"{place}: the server's list of files is none") from error
    for name, is_folder in found:
        if not (isinstance(name, str) and _PLAIN.fullmatch(name) and isinstance(is_folder, bool)):
            raise RegistryError(f"{place}: holds {name!r}, which is no plain name")
    return found


def _save(server: httpx.Client, place: str, file: Path) -> None:
    with (
        _asked(place),
        server.stream("GET", f"{_ARTIFACTS}/{quote(place)}") as answer,
        file.open("xb") as copy,
    ):
        _check(answer)
        for chunk in answer.iter_bytes(_CHUNK_BYTES):
            copy.write(chunk)


def _told(server: httpx.Client, path: str, wanted: dict[str, str]) -> dict[str, Any]:
    with _asked(path):
        answer = server.get(path, params=wanted)
        _check(answer)
        told = answer.json()
    if not isinstance(told, dict):
        raise RegistryError(f"{path}: the answer is no object")
    return told


def _check(answer: httpx.Response) -> None:
    if answer.status_code != httpx.codes.OK:
        raise RegistryError(f"{answer.url.path}: HTTP {answer.status_code}")


@contextmanager
def _asked(what: str) -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise RegistryError(f"{what}: {type(error).__name__}: {error}") from error


def _login() -> dict[str, str]:
    name = os.environ.get("MLFLOW_TRACKING_USERNAME")
    password = os.environ.get("MLFLOW_TRACKING_PASSWORD")
    if name and password:
        told = base64.b64encode(f"{name}:{password}".encode()).decode()
        return {"Authorization": f"Basic {told}"}
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _trust() -> ssl.SSLContext | bool:
    """Whom to believe, in the order in which MLflow's client asks its settings and Requests'."""
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1"):
        return False
    names = ("MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    place = next(filter(None, map(os.environ.get, names)), None)
    if place is None:
        return httpx.create_ssl_context(trust_env=False)
    if Path(place).is_dir():
        return ssl.create_default_context(capath=place)
    return ssl.create_default_context(cafile=place)
