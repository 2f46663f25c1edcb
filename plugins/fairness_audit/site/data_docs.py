"""The Data Docs of all audits as one static site that opens offline.

Great Expectations builds pages that load scripts, styles and logos from elsewhere. Here they are
rewritten to the files that come with this package, forbidden to load anything else, and put into
the site: a folder per audit, swapped in whole, and one overview that lists them all.
"""

import base64
import fcntl
import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from jinja2 import Environment, FileSystemLoader, select_autoescape

from fairness_audit.errors import ValidationError
from fairness_audit.files import safe_name, write_bytes
from fairness_audit.records.door import Door, Moment
from fairness_audit.records.validation import Check
from fairness_audit.records.waiver import Waiver

_HERE = Path(__file__).parent
_ASSETS = "assets"
_SUMMARY = "summary.json"
_WAIVERS = "waivers.json"

_VENDORED = {
    "bootstrapcdn.com/bootstrap/4.3.1/css/": "css/bootstrap.min.css",
    "bootstrapcdn.com/bootstrap/4.3.1/js/": "js/bootstrap.bundle.min.js",
    "font-awesome": "css/fontawesome.min.css",
    "jquery-3": "js/jquery.min.js",
    "npm/vega@": "js/vega.min.js",
    "npm/vega-lite@": "js/vega-lite.min.js",
    "npm/vega-embed@": "js/vega-embed.min.js",
}
"""What a page loads from elsewhere, by a part of its address, and our file for it."""

_NOT_NEEDED = ("bootstrap-table", "bootstrap-datepicker", "bootstrap-dark", "popper.js")
"""Loaded by Great Expectations' pages, used by none that we publish."""

_LOADING = re.compile(
    r"<script\b[^>]*\bsrc=\"(?P<script>[^\"]*)\"[^>]*>\s*</script>"
    r"|<link\b[^>]*\bhref=\"(?P<link>[^\"]*)\"[^>]*>",
)
_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_HANDLERS = ("showAllValidations()", "hideSucceededValidations()")
_LOGO = re.compile(r"<img\b[^>]*great-expectations-web-assets[^>]*/>", re.DOTALL)
_LEFT = re.compile(
    r"(?:src|href)=[\"'](?:https?:)?//[^\"']*[\"']|url\([\"']?https?:", re.IGNORECASE
)
_REMOTE_IMAGE = re.compile(r"url\([\"']?https?:[^)]*\)")
_CHART_OPTIONS = "actions: false"
_INTERPRETED = f"{_CHART_OPTIONS}, ast: true"
"""Vega interprets its expressions then, where it would compile them with ``eval``."""
_THEIR_TITLE = "Data documentation compiled by Great Expectations"
_FOOTER = re.compile(r"<footer.*?</footer>", re.DOTALL)


class AuditPages(Door):
    """One audit in the overview; ``decisions`` is None where it would tell a small number."""

    model: str
    model_version: str
    decisions: int | None
    digest: str
    window_start: datetime | None
    window_end: datetime | None
    checks: tuple[Check, ...]

    @property
    def folder(self) -> str:
        """The audit's own folder in the site: the same audit run again has the same."""
        return f"{safe_name(self.model)}/{safe_name(self.model_version)}-{self.digest[:12]}"

    @property
    def failed(self) -> int:
        """How many checks did not pass."""
        return sum(not check.passed for check in self.checks)


class WaiverList(Door):
    """Every waiver of the ledger as it stood at a moment."""

    as_of: Moment
    waivers: tuple[Waiver, ...]

    @property
    def in_force(self) -> int:
        """How many hold."""
        return sum(each.state == "in force" for each in self.waivers)


def publish_pages(built: Path, pages: AuditPages, site: Path) -> Path:
    """Put the pages of one audit into the site; return the page that a reviewer opens first.

    Args:
        built: folder that Great Expectations has built; left as it is.
        pages: what the overview says of the audit.
        site: folder of the whole site.

    Raises:
        ValidationError: when a page is missing, or would load something from elsewhere.
    """
    _refuse_missing(built, {check.suite for check in pages.checks})
    with _turn(site):
        return _published(built, pages, site)


def publish_waivers(waivers: WaiverList, site: Path) -> None:
    """Show on the overview what was waived; it stays there when further audits are published."""
    with _turn(site):
        write_bytes(site / _WAIVERS, waivers.model_dump_json().encode())
        _publish_overview(site)


def _refuse_missing(built: Path, suites: set[str]) -> None:
    """Great Expectations only logs that it could not render a page."""
    for suite in suites:
        results = list((built / "validations" / suite).rglob("*.html"))
        if not results or not (built / "expectations" / f"{suite}.html").is_file():
            raise ValidationError(
                f"Great Expectations built no page for {suite}.json; its log says why"
            )


@contextmanager
def _turn(site: Path) -> Iterator[None]:
    """Audits that end at once take turns, so that none is left off the overview."""
    site.mkdir(parents=True, exist_ok=True)
    with (site / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a killed process gives its turn up
        yield


def _published(built: Path, pages: AuditPages, site: Path) -> Path:
    _publish_assets(site)
    target = site / pages.folder
    fresh = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        for page in sorted(built.rglob("*.html")):
            inside = page.relative_to(built)
            if inside.parts[0] not in ("validations", "expectations"):
                continue  # the overview takes the place of its index
            depth = len(Path(pages.folder).parts) + len(inside.parts) - 1
            text = offline(page.read_text(encoding="utf-8"), "../" * depth + _ASSETS)
            write_bytes(fresh / inside, text.encode())
        write_bytes(fresh / _SUMMARY, pages.model_dump_json().encode())
        links = [(path.parts, str(path)) for path in _pages(fresh)]
        write_bytes(fresh / "index.html", _rendered("audit.html.j2", pages=pages, links=links))
        _swap(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _publish_overview(site)
    return target / "index.html"


def _publish_overview(site: Path) -> None:
    page = _rendered("overview.html.j2", audits=_audits(site), waivers=_waivers(site))
    write_bytes(site / "index.html", page)


def offline(page: str, assets: str) -> str:
    """A page that loads only the files under ``assets``, a path relative to the page."""
    page = _FOOTER.sub("", _LOGO.sub("<strong>Data Docs</strong>", page))
    page = page.replace("Data asset: None<br>", "").replace(_THEIR_TITLE, "Data Docs")
    page = _REMOTE_IMAGE.sub("none", page).replace(_CHART_OPTIONS, _INTERPRETED)
    page = _LOADING.sub(lambda found: _local(found, assets), page)
    if left := _LEFT.search(re.sub(r"<a\b[^>]*>", "", page)):
        raise ValidationError(f"a Data Docs page loads {left.group(0)}; map it to a vendored file")
    page = re.sub(r'(<a\b[^>]*?)href="https?://[^"]*"', r"\1", page)
    return page.replace("<head>", f"<head>\n{_policy(page)}", 1)


def _local(found: re.Match[str], assets: str) -> str:
    address = found["script"] or found["link"] or ""
    if any(part in address for part in _NOT_NEEDED) or "favicon" in found[0]:
        return ""
    for part, file in _VENDORED.items():
        if part in address:
            if found["script"]:
                return f'<script src="{assets}/{file}"></script>'
            style = f'<link rel="stylesheet" href="{assets}/{file}">'
            solid = f'<link rel="stylesheet" href="{assets}/css/solid.min.css">'
            return style + (solid if "fontawesome" in file else "")
    return found[0]


def _policy(page: str) -> str:
    """A Content-Security-Policy: our files, the scripts that stand in the page, nothing else.

    Nothing can be evaluated, and nothing sent anywhere.
    """
    own = [*_INLINE_SCRIPT.findall(page), *_HANDLERS]
    scripts = " ".join(f"'sha256-{_sha256(each)}'" for each in own)
    rules = (
        "default-src 'none'; connect-src 'none'; base-uri 'none'; form-action 'none'; "
        f"script-src 'self' file: 'unsafe-hashes' {scripts}; "
        "style-src 'self' file: 'unsafe-inline'; font-src 'self' file:; img-src 'self' file: data:"
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{rules}">'


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _publish_assets(site: Path) -> None:
    for file in (path for path in (_HERE / "vendor").rglob("*") if path.is_file()):
        copy = site / _ASSETS / file.relative_to(_HERE / "vendor")
        if not copy.exists():
            write_bytes(copy, file.read_bytes())


def _pages(folder: Path) -> Iterator[Path]:
    yield from sorted(path.relative_to(folder) for path in folder.rglob("*.html"))


def _swap(fresh: Path, target: Path) -> None:
    """Put a folder in place of another; a reader meets the old one or the new one."""
    old = fresh.with_name(fresh.name + ".old")
    if target.exists():
        target.replace(old)
    fresh.replace(target)
    shutil.rmtree(old, ignore_errors=True)


def _audits(site: Path) -> list[AuditPages]:
    found = [
        AuditPages.model_validate_json(file.read_bytes())
        for file in site.glob(f"*/*/{_SUMMARY}")
        if not file.parent.name.startswith(".")
    ]
    return sorted(found, key=lambda each: (each.model, str(each.window_end), each.model_version))


def _waivers(site: Path) -> WaiverList | None:
    """What was last shown; None while nothing was."""
    try:
        return WaiverList.model_validate_json((site / _WAIVERS).read_bytes())
    except FileNotFoundError:
        return None


def _rendered(template: str, **values: object) -> bytes:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=select_autoescape(["j2"])
    )
    return environment.get_template(template).render(**values).encode()
