"""Builders: an audit for the site, and its pages as Great Expectations leaves them."""

from pathlib import Path

from fairness_audit.records.validation import Check, CheckSeverity
from fairness_audit.site.data_docs import AuditPages

CHART = '{"data": {"values": [{"a": 1}]}, "mark": "bar", "encoding": {"x": {"field": "a"}}}'
A_CHART_PAGE = f"""<html><head>
<script src="https://cdn.jsdelivr.net/npm/vega@5"></script>
<script src="https://cdn.jsdelivr.net/npm/vega-lite@5"></script>
<script src="https://cdn.jsdelivr.net/npm/vega-embed@6"></script>
</head><body><div id="chart"></div><script>
    vegaEmbed('#chart', {CHART}, {{
        actions: false
    }})
</script></body></html>"""


def an_audit(version: str = "1") -> AuditPages:
    """An audit with one check that passed."""
    return AuditPages(
        model="lead_scoring",
        model_version=version,
        decisions=10,
        digest="a" * 64,
        window_start=None,
        window_end=None,
        checks=(
            Check(
                suite="quality",
                kind="quality",
                expectation="expect_enough",
                severity=CheckSeverity.CRITICAL,
                passed=True,
                attribute=None,
                group=None,
                observed="10",
                sentence="There are 10 decisions.",
            ),
        ),
    )


def built_pages(folder: Path) -> Path:
    """The pages of one suite, with a chart."""
    for page in ("expectations/quality.html", "validations/quality/run/time/batch.html"):
        (folder / page).parent.mkdir(parents=True)
        (folder / page).write_text(A_CHART_PAGE)
    return folder
