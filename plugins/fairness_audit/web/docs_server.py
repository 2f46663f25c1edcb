"""Shows the Data Docs to a browser: ``python -m fairness_audit.web.docs_server --port 8090``.

It serves the one folder ``data_docs`` of the installation's state and nothing beside it: no
hidden or unfinished files, no listing, nothing that a symbolic link reaches outside. ``/healthz``
answers 200 while the pages can be read. There is no login: put it behind one, or on a private
address, as `docker-compose.yaml` does.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fairness_audit.installation import Installation

# The outer bound for every page: nothing may be loaded from, sent to, or framed by another place.
# The pages carry scripts of their own, and Vega compiles the charts' expressions, hence the two
# 'unsafe' words; each page's own policy narrows them to the very scripts that belong to it.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Every audit rebuilds the pages: a browser asks each time whether its copy is the newest.
    "Cache-Control": "no-cache",
}

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto;
padding: 0 1rem; color: #222 }} code {{ background: #eee; padding: .1em .3em }}</style>
<h1>{title}</h1>
<p>{text}</p>
</html>
"""
NO_DOCS_YET = _PAGE.format(
    title="No audit has run yet",
    text="The Data Docs appear here when the first audit has validated its population: unpause"
    " or trigger an <code>audit_…</code> DAG in Airflow, then load this page again.",
)
NOT_FOUND = _PAGE.format(
    title="There is no such page",
    text='The page may belong to an audit that has been rebuilt since. <a href="/">All audits</a>',
)


class DataDocs(StaticFiles):
    """The files of the Data Docs folder, which need not exist yet."""

    async def check_config(self) -> None:
        """Accept a folder that the first audit has still to make."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Find a file; one that is hidden, unfinished or not readable is not there."""
        if any(part.startswith(".") for part in PurePosixPath(path).parts):
            return "", None
        try:
            return super().lookup_path(path)
        except PermissionError:
            return "", None


class SecurityHeaders:
    """Adds the security headers to every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with the headers."""

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self._app(scope, receive, send_secured)


def docs_app(folder: Path) -> ASGIApp:
    """The web application that shows one Data Docs folder."""

    def healthz(request: Request) -> Response:
        if folder.exists() and not os.access(folder, os.R_OK | os.X_OK):
            return PlainTextResponse("the Data Docs folder cannot be read\n", status_code=503)
        return PlainTextResponse("ok\n")

    def not_found(request: Request, error: Exception) -> Response:
        built = (folder / "index.html").is_file()
        return HTMLResponse(NOT_FOUND if built else NO_DOCS_YET, status_code=404)

    return SecurityHeaders(
        Starlette(
            routes=[
                Route("/healthz", healthz),
                Mount("/", DataDocs(directory=folder, html=True, check_dir=False)),
            ],
            exception_handlers={404: not_found},
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the Data Docs of this installation until told to stop."""
    parser = argparse.ArgumentParser(prog="fairness_audit.web.docs_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8090, help="port to listen on (%(default)s)")
    given = parser.parse_args(arguments)
    folder = Installation.from_environment().site
    uvicorn.run(docs_app(folder), host=given.host, port=given.port, server_header=False)


if __name__ == "__main__":
    main()
