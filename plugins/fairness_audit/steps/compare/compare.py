"""The same subjects decided about twice, group by group."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fairness_audit.encoding import canonical_bytes
from fairness_audit.engine.duckdb import locked_connection, statement
from fairness_audit.errors import ScoringError
from fairness_audit.files import write_bytes
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.comparison import Comparison, ComparisonFile, GroupChange
from fairness_audit.records.population import Population
from fairness_audit.statistics.family import holm
from fairness_audit.statistics.paired import Pairs, mcnemar_mid_p, paired_newcombe
from fairness_audit.steps.compare.suppression import Cells, suppressed

FILE = "comparison.json"
EVERYBODY = "everybody"

_CONFIDENCE = 0.95
_Groups = dict[tuple[str, str], Counter[tuple[bool, bool]]]


def compare(
    policy: AuditPolicy, decided: Population, candidate: Population, *, sql: Path, folder: Path
) -> ComparisonFile:
    """Write ``folder/comparison.json``: what becomes of every group with the candidate.

    Args:
        policy: names the groupings, the smallest group and what is good for a subject.
        decided: the decisions of the version in production.
        candidate: the same rows with the candidate's.
        sql: folder with ``comparison/``.
        folder: the run's own folder.

    Raises:
        ScoringError: when the two are not about the same decisions.
    """
    table = _pairs(decided, candidate, sql, folder)
    sizes = {pq.read_metadata(each.path).num_rows for each in (decided, candidate)}
    if sizes != {sum(table["pairs"].to_pylist())}:
        raise ScoringError(
            f"version {decided.model_version} and the candidate {candidate.model_version} of"
            f" {policy.model} were not about the same decisions (start a new run)"
        )
    groups = dict(_changes(policy, _grouped(policy, table)))
    said = Comparison(
        model=policy.model,
        model_version=candidate.model_version,
        against=decided.model_version,
        groups=tuple(suppressed(groups, policy.min_group_size)),
    )
    content = canonical_bytes(said.model_dump(mode="json", by_alias=True, exclude_none=True))
    path = folder / FILE
    write_bytes(path, content)
    return ComparisonFile(
        path=path,
        digest=hashlib.sha256(content).hexdigest(),
        against=said.against,
        better=_named(said.groups, "better"),
        worse=_named(said.groups, "worse"),
    )


def _pairs(decided: Population, candidate: Population, sql: Path, folder: Path) -> pa.Table:
    query = statement(sql / "comparison" / "pairs.sql")
    paths = {"decided": str(decided.path), "candidate": str(candidate.path)}
    with locked_connection([folder, decided.path.parent, candidate.path.parent]) as connection:
        return connection.sql(query, params=paths).to_arrow_table()


def _grouped(policy: AuditPolicy, table: pa.Table) -> _Groups:
    """The pairs of every group of every grouping, everybody first."""
    groups: _Groups = {(EVERYBODY, EVERYBODY): Counter()}
    for row in table.to_pylist():
        said = (row["selected_before"], row["selected_after"])
        groups[EVERYBODY, EVERYBODY][said] += row["pairs"]
        for name, parts in policy.groupings.items():
            group = " * ".join(row[f"attr_{part}"] for part in parts)
            groups.setdefault((name, group), Counter())[said] += row["pairs"]
    order = {name: place for place, name in enumerate([EVERYBODY, *policy.groupings])}
    return dict(sorted(groups.items(), key=lambda each: (order[each[0][0]], each[0][1])))


def _changes(policy: AuditPolicy, groups: _Groups) -> Iterator[tuple[GroupChange, Cells]]:
    counts = np.array([_cells(cells) for cells in groups.values()], dtype=np.float64)
    pairs = Pairs(*counts.T)
    interval = paired_newcombe(pairs, _CONFIDENCE)
    adjusted = holm(mcnemar_mid_p(pairs).tolist())
    good = 1 if policy.selected_is_favourable else -1
    for place, (attribute, group) in enumerate(groups):
        both, gained, lost, neither = (int(each) for each in counts[place])
        clear = adjusted[place] < policy.error_rate.alpha and gained != lost
        better = (gained - lost) * good > 0
        change = GroupChange(
            attribute=attribute,
            group=group,
            subjects=both + gained + lost + neither,
            selected_before=both + lost,
            selected_after=both + gained,
            gained=gained,
            lost=lost,
            difference=float(pairs.difference[place]),
            low=float(interval.low[place]),
            high=float(interval.high[place]),
            p_value=float(adjusted[place]),
            change=("better" if better else "worse") if clear else None,
        )
        yield change, (both, gained, lost, neither)


def _cells(cells: Mapping[tuple[bool, bool], int]) -> Cells:
    """Both, gained, lost, neither."""
    pairs = ((True, True), (False, True), (True, False), (False, False))
    both, gained, lost, neither = (cells.get(pair, 0) for pair in pairs)
    return both, gained, lost, neither


def _named(groups: Sequence[GroupChange], change: str) -> tuple[str, ...]:
    return tuple(f"{each.attribute}: {each.group}" for each in groups if each.change == change)
