"""How it is told what another policy would have concluded."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fairness_audit.cli.printing import Format, say, show_rows, table

if TYPE_CHECKING:
    from fairness_audit.steps.judge.hindsight import Change, Conclusion, Hindsight

_KEYS = (
    "seq", "record_id", "model_version", "logical_date", "rule", "metric", "grouping", "group",
    "was", "was_at_gate", "becomes", "becomes_at_gate", "untold",
)  # fmt: skip


def tell_hindsight(found: "Hindsight", form: Format) -> None:
    """Print every verdict that would change, and the audits that cannot be judged again."""
    show_rows([*_rows(found)], form, lambda: _in_words(found), keys=_KEYS)


def _rows(found: "Hindsight") -> Iterator[dict[str, Any]]:
    nothing = dict.fromkeys(_KEYS)
    for each in found.changes:
        rule, metric, grouping, group = each.about or (None, None, None, None)
        yield (
            nothing
            | _record(each.record)
            | {
                "rule": rule,
                "metric": metric,
                "grouping": grouping,
                "group": group,
                "was": each.was and each.was.verdict.value,
                "was_at_gate": each.was and each.was.at_gate,
                "becomes": each.becomes and each.becomes.verdict.value,
                "becomes_at_gate": each.becomes and each.becomes.at_gate,
            }
        )
    for record, why in found.untold:
        yield nothing | _record(record) | {"untold": why}


def _record(record: Any) -> dict[str, Any]:
    return {
        "seq": record.seq,
        "record_id": record.record_id,
        "model_version": record.model_version,
        "logical_date": record.logical_date.isoformat(),
    }


def _in_words(found: "Hindsight") -> None:
    if found.changes:
        table(
            ("no.", "as of", "version", "about", "was", "would be"),
            [
                (
                    str(each.record.seq),
                    f"{each.record.logical_date:%Y-%m-%d}",
                    each.record.model_version,
                    _about(each),
                    _concluded(each.was),
                    _concluded(each.becomes),
                )
                for each in found.changes
            ],
            right={0},
        )
        say()
    if found.untold:
        say("These cannot be judged again:")
        for record, why in found.untold:
            say(f"  {record.seq}  {record.logical_date:%Y-%m-%d}  {why}", hang=6)
        say()
    audits = {each.record.seq for each in found.changes}
    lost = sum(each.loses_failure for each in found.changes)
    say(
        f"{found.judged} audits judged again: in {len(audits)} something would change,"
        f" {lost} failures would vanish; {len(found.untold)} cannot be judged",
        hang=4,
    )


def _about(change: "Change") -> str:
    if change.about is None:
        return "the audit"
    rule, _, grouping, group = change.about
    return ", ".join(each for each in (rule, " ".join(filter(None, (grouping, group)))) if each)


def _concluded(found: "Conclusion | None") -> tuple[str, ...] | str:
    if found is None:
        return "not asked"
    return (
        found.verdict.value if found.at_gate == "allow" else (found.verdict.value, found.at_gate)
    )
