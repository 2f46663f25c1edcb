"""The Data Docs site: audits take turns, nothing is left out, charts are drawn without eval."""

import fcntl
import re
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.errors import ValidationError
from fairness_audit.records.waiver import Waiver
from fairness_audit.site.data_docs import (
    WaiverList,
    offline,
    publish_pages,
    publish_waivers,
)
from tests.builders.audit_pages import A_CHART_PAGE, an_audit, built_pages

MOMENT = datetime(2026, 7, 1, 6, tzinfo=UTC)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    return built_pages(tmp_path / "built")


def test_audits_that_end_at_once_are_all_listed(built: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    versions = [str(number) for number in range(12)] + ["0"] * 4
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda version: publish_pages(built, an_audit(version), site), versions))
    overview = (site / "index.html").read_text(encoding="utf-8")
    assert overview.count('<td><a href="lead_scoring/') == 12
    left = {path.name for path in (site / "lead_scoring").iterdir() if path.name.startswith(".")}
    assert left == set()


def test_an_audit_waits_for_another_that_is_writing(built: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    with ThreadPoolExecutor(1) as pool, (site / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        waiting = pool.submit(publish_pages, built, an_audit(), site)
        assert not wait([waiting], timeout=0.5).done
        assert not (site / "index.html").exists()
        fcntl.flock(other, fcntl.LOCK_UN)
        assert waiting.result(timeout=30).is_file()


def a_waiver(**changes: Any) -> Waiver:
    told = {
        "model": "lead_scoring",
        "model_version": "1",
        "finding": "four_fifths/gender/F",
        "owner": "responsible-ai",
        "compensating_control": "every rejected <lead> is called back",
        "approvers": ("ada", "grace"),
        "issued": MOMENT,
        "expires": MOMENT + timedelta(days=30),
        "state": "in force",
        "record_id": "a" * 64,
        "audit_record_id": "b" * 64,
    }
    return Waiver.model_validate(told | changes)


def test_waivers_are_counted_and_stay_when_further_audits_are_published(
    built: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    publish_waivers(WaiverList(as_of=MOMENT, waivers=()), site)
    assert "No finding was ever waived" in (site / "index.html").read_text(encoding="utf-8")

    other = a_waiver(model_version="2", state="expired", expires=MOMENT)
    publish_waivers(WaiverList(as_of=MOMENT, waivers=(a_waiver(), other)), site)
    publish_pages(built, an_audit(), site)

    overview = (site / "index.html").read_text(encoding="utf-8")
    assert "1 of 2 in force, as of 2026-07-01 06:00 UTC" in overview
    assert "in force</span> until 2026-07-31" in overview
    assert "expired on 2026-07-01" in overview
    assert "every rejected &lt;lead&gt; is called back" in overview
    assert "ada, grace" in overview
    assert '<td><a href="lead_scoring/' in overview


@pytest.mark.parametrize(
    "page", ["expectations/quality.html", "validations/quality/run/time/batch.html"]
)
def test_a_page_that_was_not_built_is_an_error(built: Path, tmp_path: Path, page: str) -> None:
    (built / page).unlink()
    with pytest.raises(ValidationError, match=r"built no page for quality\.json"):
        publish_pages(built, an_audit(), tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_no_page_may_evaluate_text_as_code() -> None:
    (policy,) = re.findall(
        r'Content-Security-Policy" content="([^"]+)"', offline(A_CHART_PAGE, ".")
    )
    assert "unsafe-eval" not in policy
    assert "default-src 'none'" in policy
