"""An audit of people whose small numbers are known, everything it says, and where it tells one.

The smallest group is of 10,000, so that the small numbers have four digits and stand out among
shares, weeks, years and evidence, which has three: one that is told can hide nowhere.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from shutil import copytree
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fairness_audit.files import sha256_of
from fairness_audit.ledger.evidence import EvidenceStore
from fairness_audit.pipeline.notify.notice import blocked, waits
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.comparison import Comparison, ComparisonFile
from fairness_audit.records.door import StepResult
from fairness_audit.records.finding import Judgement
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import AuditRecord, PublishedRecord
from fairness_audit.records.signed.dsse import open_envelope
from fairness_audit.records.validation import NO_CHECKS, ValidationReport
from fairness_audit.review.case import case_of
from fairness_audit.review.page import question
from fairness_audit.steps.assemble import assemble
from fairness_audit.steps.compare import compare
from fairness_audit.steps.gate import decide, in_words
from fairness_audit.steps.judge import judge
from fairness_audit.steps.measure import measure, read_measurements
from fairness_audit.steps.publish import publish
from fairness_audit.steps.validate import validate
from tests import CHECKOUT
from tests.builders.evidence import first_audit
from tests.builders.published import (
    LOGICAL_DATE,
    NOW,
    SIGNER,
    TRUSTED,
    a_ledger,
    a_loaded_policy,
    digest,
)
from tests.builders.snapshots import a_snapshot
from tests.builders.worked_out import Kind, People, worked_out

LEAST: Final = 10_000

_WAYS = ((True, True), (False, True), (True, False), (False, False), (None, True), (None, False))
_PEOPLE: Final[Mapping[tuple[str | None, str, str | None], tuple[int, ...]]] = {
    ("M", "30-49", None): (12011, 13033, 14097, 20119, 3531, 0),
    ("M", "50+", None): (11033, 12137, 13019, 15111, 0, 0),
    ("M", "18-29", None): (1213, 1361, 14087, 15139, 0, 0),
    ("F", "30-49", None): (11093, 12177, 13199, 15231, 0, 0),
    ("F", "50+", None): (11173, 8877, 13219, 15311, 0, 3673),
    ("X", "30-49", None): (1317, 1499, 1631, 1797, 0, 0),
    (None, "30-49", None): (1077, 1579, 1931, 2397, 0, 0),
    ("M", "30-49", "test_record"): (0, 5417, 0, 0, 0, 0),
    ("X", "50+", "no_lead"): (1279, 0, 0, 0, 0, 0),
}
"""How many of each gender, age band and loss had each outcome and decision, as in `_WAYS`."""

_STAGING = """
SELECT decision_id, model, model_version, decided_at, score, selected,
    outcome, gender, age_band, lost_at
FROM read_parquet($path)
"""
_POPULATION = """
SELECT
    decision_id,
    CAST(decision_id AS VARCHAR) AS subject_key,
    decided_at,
    model_version,
    score,
    selected,
    outcome,
    gender AS attr_gender,
    age_band AS attr_age_band,
    CASE decision_id % 2 WHEN 0 THEN 'smb' ELSE 'enterprise' END AS stratum_segment,
    lost_at,
FROM score_log
WHERE
    model = 'lead_scoring'
    AND model_version = $model_version
    AND decided_at >= $window_start
    AND decided_at < $window_end
"""
_MOST: Final = 300_000  # more than there are people
_DIGITS: Final = 10  # of a share from which one can work out more than a few people are worth
_NUMBERS = re.compile(r"(?<![\w.])(?<!e[-+])(\d{1,3}(?:,\d{3})+|\d+)(?!\w|\.\d|\s?%)")
_RULES = (
    {"id": "four_fifths", "metric": "impact_ratio", "compare": "ratio", "threshold": "4/5"},
    {"id": "best", "metric": "impact_ratio", "compare": "ratio", "threshold": "4/5",
     "against": "best", "attributes": ["gender", "gender*age_band"]},
    {"id": "rest", "metric": "selection_rate", "compare": "difference", "threshold": "1/10",
     "against": "rest"},
    {"id": "overall", "metric": "selection_rate", "compare": "difference", "threshold": "1/20",
     "against": "overall"},
    {"id": "hits", "metric": "true_positive_rate", "compare": "difference", "threshold": "1/10"},
    {"id": "alarms", "metric": "false_positive_rate", "compare": "difference",
     "threshold": "1/10", "severity": "warn"},
    {"id": "outcomes", "metric": "base_rate", "compare": "difference", "threshold": "1/10",
     "against": "overall", "severity": "warn"},
)  # fmt: skip
_SHARES = {"M": "1/2", "F": "2/5", "X": "1/10"}


PEOPLE: Final = People(
    {
        Kind(gender, age, outcome, selected): n
        for (gender, age, lost), counts in _PEOPLE.items()
        if lost is None
        for (outcome, selected), n in zip(_WAYS, counts, strict=True)
    }
)
"""Those who are audited."""


def score_log() -> pa.Table:
    """The decisions, a fourth of them in each of four weeks."""
    rows = [
        (gender, age, lost, outcome, selected)
        for (gender, age, lost), counts in _PEOPLE.items()
        for (outcome, selected), n in zip(_WAYS, counts, strict=True)
        for _ in range(n)
    ]
    gender, age, lost, outcome, selected = (list(column) for column in zip(*rows, strict=True))
    count = len(rows)
    return pa.table(
        {
            "decision_id": pa.array(range(count), pa.int64()),
            "model": ["lead_scoring"] * count,
            "model_version": ["1"] * count,
            "decided_at": pa.array(
                [LOGICAL_DATE - timedelta(days=66 + 7 * (i % 4)) for i in range(count)],
                pa.timestamp("us", tz="UTC"),
            ),
            "score": pa.array([0.5 + 0.25 * each for each in selected], pa.float64()),
            "selected": pa.array(selected, pa.bool_()),
            "outcome": pa.array(outcome, pa.bool_()),
            "gender": pa.array(gender, pa.string()),
            "age_band": pa.array(age, pa.string()),
            "lost_at": pa.array(lost, pa.string()),
        }
    )


def small_counts(log: pa.Table) -> frozenset[int]:
    """Every number of people under the smallest, of whatever groups, decisions and losses."""
    with duckdb.connect() as connection:
        connection.register("log", log)
        counted = connection.sql(
            "SELECT DISTINCT count(*) FROM log GROUP BY CUBE (gender, age_band, selected, outcome,"
            " lost_at IS NULL) HAVING count(*) < $least",
            params={"least": LEAST},
        ).fetchall()
    found = frozenset(each for (each,) in counted if each % 10)
    assert min(found) >= 1000, "a smaller number could not be told from a week or a finding"
    assert found.isdisjoint(range(2020, 2040)), "a year is a number of nobody"
    return found


@dataclass(frozen=True)
class Canary:
    """One audit, by the real steps."""

    folder: Path
    loaded: LoadedPolicy

    @classmethod
    def made(cls, folder: Path) -> "Canary":
        """Its policy, statements and suites."""
        attributes = {
            "gender": {
                "provenance": "self_id",
                "reference_group": "M",
                "reference_population": {
                    "source": "Made up.",
                    "dated": "2025-12-31",
                    "expires": "2031-12-31",
                    "shares": _SHARES,
                },
            },
            "age_band": {"provenance": "self_id", "reference_group": "30-49"},
        }
        loaded = a_loaded_policy(
            folder,
            attributes=attributes,
            min_group_size=LEAST,
            rules=list(_RULES),
            candidate={"selects": {"top_share": "2/5"}},
        )
        sql = folder / "sql"
        for room in ("assemble", "validate", "measure", "comparison"):
            copytree(CHECKOUT / "sql" / room, sql / room)
        for place, text in (("staging/sample/score_log", _STAGING),
                            ("population/lead_scoring", _POPULATION)):  # fmt: skip
            file = sql / f"{place}.sql"
            file.parent.mkdir(parents=True)
            file.write_text(text)
        for kind, expectations in _suites().items():
            suite = {"name": kind, "expectations": expectations}
            (loaded.file.parent / f"{kind}.json").write_text(json.dumps(suite))
        return cls(folder, loaded)

    def run(self, *, checks: bool = True) -> dict[str, str]:
        """Audit; everything that was said, by where. Without ``checks`` no suite is run."""
        policy, sql, run = self.loaded.policy, self.folder / "sql", self.folder / "run"
        snapshot = a_snapshot(policy, run / "snapshot", {"score_log": score_log()})
        digests = {"policy_digest": self.loaded.digest, "method_digest": self.loaded.method.digest}
        snapshot = snapshot.model_copy(update=digests)
        population = assemble(
            policy, snapshot, sql=sql, folder=run, subject_key=bytes(range(32)),
            model_version=None,
        )  # fmt: skip
        suites, docs = self.loaded.file.parent, self.folder / "site"
        validation = NO_CHECKS
        if checks:
            validation = validate(policy, population, suites=suites, sql=sql, docs=docs)
        measured = measure(policy, population, sql=sql, folder=run)
        judged = self._judged(population, measured, validation)
        changes = compare(policy, population, _candidate(population, run), sql=sql, folder=run)
        record = publish(
            self.loaded,
            snapshot=snapshot,
            population=population,
            measurements=measured,
            validation=validation,
            judgement=judged,
            artifact_digest=digest("artifact 1"),
            ledger=a_ledger(self.folder),
            evidence=EvidenceStore(self.folder / "evidence"),
            signer=SIGNER,
            trusted=lambda: TRUSTED,
            records=self.folder / "records",
            now=NOW,
        )
        given: tuple[StepResult, ...] = (population, validation, measured, judged, changes, record)
        return dict(self._said(given, record, changes))

    def worked_out(self) -> dict[str, int]:
        """Every small number that follows from those that the record and the changes tell."""
        (file,) = (self.folder / "records").rglob("*.json")
        record = open_envelope(file.read_bytes(), TRUSTED).record
        assert isinstance(record, AuditRecord)
        changes = Comparison.model_validate_json(
            (self.folder / "run" / "comparison.json").read_bytes()
        )
        return worked_out(PEOPLE, record, changes, LEAST)

    @property
    def confidential(self) -> Iterator[Path]:
        """The files that hold small numbers, and which their owner alone may read."""
        yield from (self.folder / "run" / name for name in ("evidence.json", "losses.json"))
        yield from (self.folder / "evidence").glob("*.json")

    def _judged(
        self, population: Population, measured: MeasurementFile, validation: ValidationReport
    ) -> Judgement:
        return judge(
            self.loaded.policy,
            population=population,
            totals=measured,
            measurements=read_measurements(measured),
            validation=validation,
            history=first_audit(measured, as_of=LOGICAL_DATE),
        )

    def _said(
        self, given: tuple[StepResult, ...], published: PublishedRecord, changes: ComparisonFile
    ) -> Iterator[tuple[str, str]]:
        for each in given:
            name = type(each).__name__
            yield f"what the step passes on: {name}", each.model_dump_json()
            yield f"the step's line: {name}", each.summary
        envelope = published.file.read_bytes()
        yield "the record", b64decode(json.loads(envelope)["payload"]).decode()
        for path in (changes.path, self.folder / "run" / "report.json"):
            yield path.name, path.read_text()
        for path in (self.folder / "site").rglob("*"):
            if path.suffix in (".html", ".json") and "assets" not in path.parts:
                yield f"page {path.relative_to(self.folder)}", path.read_text()
        record = open_envelope(envelope, TRUSTED).record
        assert isinstance(record, AuditRecord)
        decision = decide(
            self.loaded,
            model_version="1",
            artifact_digest=digest("artifact 1"),
            records=[record],
            now=NOW,
        )
        yield "the gate's decision", decision.model_dump_json()
        yield "the gate in words", in_words(decision)
        for notice in (blocked(decision, None), waits(decision, None)):
            yield f"notice: {notice.kind}", f"{notice.subject} {notice.text}"
        case = case_of(self.loaded, [record], record.record_id, NOW)
        yield "the review page", question(case, self.loaded.policy, {})


def told_in(
    said: Mapping[str, str], small: frozenset[int], *, known: int | None = None
) -> dict[str, set[int]]:
    """Where which small number of people is told, or what is left of one that is ``known``."""
    found = {}
    for where, text in said.items():
        numbers = set(_numbers_in(text))
        left = set() if known is None else {known - each for each in numbers}
        found[where] = (numbers | left) & small
    return {where: numbers for where, numbers in found.items() if numbers}


def _numbers_in(text: str) -> Iterator[int]:
    """Whole numbers, but for percentages and parts of words, hashes, dates and fractions."""
    for number in _NUMBERS.findall(text):
        yield int(number.replace(",", ""))
    try:
        yield from _numbers_of(json.loads(text))
    except ValueError:
        return


def _numbers_of(content: Any) -> Iterator[int]:
    """The whole numbers of JSON, however they are spelt, and what numbers side by side leave."""
    if isinstance(content, dict):
        content = list(content.values())
        beside = [each for each in content if type(each) is int]
        yield from (abs(one - other) for one, other in combinations(beside, 2))
    if isinstance(content, list):
        for each in content:
            yield from _numbers_of(each)
    elif isinstance(content, int | float) and content == int(content):
        yield int(content)
    elif isinstance(content, float):
        yield from _numbers_behind(abs(content))


def _numbers_behind(share: float) -> Iterator[int]:
    """The whole numbers of which a share with all its digits can only be the quotient."""
    found = Fraction(share).limit_denominator(_MOST)
    if len(repr(share)) > _DIGITS and abs(share - found) <= 1e-15 * max(1.0, share):
        yield from (found.numerator, found.denominator, abs(found.denominator - found.numerator))


def _candidate(population: Population, folder: Path) -> Population:
    """Another version that selects every seventh more."""
    table = pq.read_table(population.path)
    ids = table["decision_id"].cast(pa.int64()).to_numpy()
    place = table.schema.get_field_index("selected")
    also = pc.or_(table["selected"], pa.array(ids % 7 == 0))
    path = folder / "candidate.parquet"
    pq.write_table(table.set_column(place, "selected", also), path)
    changes = {"model_version": "2", "path": path, "digest": sha256_of(path)}
    return population.model_copy(update=changes)


def _suites() -> dict[str, list[dict[str, Any]]]:
    def asked(name: str, severity: str = "warning", **kwargs: Any) -> dict[str, Any]:
        return {"type": name, "kwargs": kwargs, "severity": severity}

    least = {"$PARAMETER": "min_group_size"}
    shares = {"$PARAMETER": "gender_reference_shares"}
    quality = [asked("expect_enough", what=what, minimum=1) for what in ("decisions", "outcomes")]
    quality += [asked("expect_decisions_free_of", defect="score_missing")]
    representation = [
        asked("expect_groups_to_be_represented", attribute="gender", reference_shares=shares,
              minimum_ratio="4/5"),
        *(asked("expect_groups_to_have_size", "info", attribute=name, minimum=least)
          for name in ("gender", "age_band")),
        asked("expect_group_to_be_known", attribute="gender", minimum_share="99/100"),
    ]  # fmt: skip
    balance = [
        asked("expect_balanced_labels", attribute=name, maximum_gap="1/10", minimum_size=least)
        for name in ("gender", "age_band")
    ]
    return {"quality": quality, "representation": representation, "label_balance": balance}
