"""Charts for Data Docs, as Vega-Lite, in a palette that colour-blind readers can tell apart."""

import json
from typing import Any

import altair as alt
import pandas as pd

OBSERVED, REFERENCE = "#0072b2", "#d55e00"  # Okabe & Ito
_WIDTH = 360


def shares_beside_reference(shares: dict[str, tuple[float, float]]) -> str:
    """Bars of each group's share, a tick where the reference population's share lies."""
    frame = pd.DataFrame(
        [(group, _whole(seen), stated) for group, (seen, stated) in shares.items()],
        columns=["group", "observed", "reference"],
    )
    base = alt.Chart(frame).encode(y=_group_axis())
    bars = base.mark_bar(color=OBSERVED).encode(x=_share_axis("observed", "share of decisions"))
    ticks = base.mark_tick(color=REFERENCE, opacity=1, thickness=4, size=20).encode(
        x="reference:Q"
    )
    title = "Share of decisions (bar) and of the reference population (tick)"
    return _drawn(bars + ticks, title)


def rates(by_group: dict[str, float], title: str) -> str:
    """Bars of one rate per group."""
    frame = pd.DataFrame(
        [(group, _whole(rate)) for group, rate in by_group.items()], columns=["group", "rate"]
    )
    bars = alt.Chart(frame).mark_bar(color=OBSERVED)
    return _drawn(bars.encode(y=_group_axis(), x=_share_axis("rate", "rate")), title)


def _whole(share: float) -> float:
    """A share to whole per cent: what is drawn lies in the page, and tells no number of people."""
    return round(share, 2)


def _group_axis() -> Any:
    return alt.Y("group:N", title=None, sort=None, axis=alt.Axis(labelLimit=220))


def _share_axis(field: str, title: str) -> Any:
    return alt.X(f"{field}:Q", title=title, axis=alt.Axis(format="%"))


def _drawn(chart: Any, title: str) -> str:
    """JSON that may stand inside a script: Great Expectations writes it there as it is."""
    sized = chart.properties(width=_WIDTH, height=alt.Step(24), title=title)
    return json.dumps(sized.to_dict()).replace("<", "\\u003c")
