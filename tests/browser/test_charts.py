"""The charts of the Data Docs, drawn by a browser."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fairness_audit.site.data_docs import publish_pages
from tests.builders.audit_pages import an_audit, built_pages


def test_charts_are_drawn_offline_under_that_policy(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("no chromium on this machine")
    index = publish_pages(built_pages(tmp_path / "built"), an_audit(), tmp_path / "site")
    (page,) = (index.parent / "validations").rglob("*.html")
    options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
    options += " --disable-background-networking --disable-component-update --disable-sync"
    drawn = subprocess.run(
        [
            browser,
            *options.split(),
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=5000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    assert re.search(r"<(canvas|svg)\b", drawn), drawn[-2000:]
