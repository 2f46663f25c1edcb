"""A candidate in the place of the version in production: inputs, selection, population."""

import json
import os
import shutil
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from fairness_audit.errors import PopulationError, RegistryError, ScoringError
from fairness_audit.files import write_bytes
from fairness_audit.policy.candidate import REQUIRED, Selects
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.population import Population
from fairness_audit.registry.artifact import folder_digest
from fairness_audit.registry.mlflow import MlflowRegistry
from fairness_audit.settings import Settings
from fairness_audit.steps.score import candidate, process
from fairness_audit.steps.score.candidate import host_of, score_candidate
from fairness_audit.steps.score.features import write_features
from fairness_audit.steps.score.selected import not_below, select
from fairness_audit.steps.score.signature import check_inputs
from tests.builders.domain import a_policy
from tests.builders.populations import SQL, a_population
from tests.builders.snapshots import LOGICAL_DATE, a_snapshot

STAGING = "SELECT * FROM read_parquet($path)"
FEATURES = """
SELECT decision_id, size, kind
FROM score_log
WHERE model_version = $model_version AND decided_at < $window_end
"""
WHEN = LOGICAL_DATE - timedelta(days=70)


def policy(**changes: Any) -> AuditPolicy:
    selects = {"selects": {"top_share": "2/5"}}
    return a_policy(**{"candidate": selects, "strata": []} | changes)


@dataclass
class Site:
    """A snapshot of a score log with inputs, its population, and the SQL that makes inputs."""

    folder: Path
    rows: int = 10

    def __post_init__(self) -> None:
        shutil.copytree(SQL, self.sql)
        write_bytes(self.sql / "staging" / "sample" / "score_log.sql", STAGING.encode())
        self.features(FEATURES)
        logged = [
            {"decision_id": n, "model_version": "1", "decided_at": WHEN, "size": float(n),
             "kind": "a" if n % 2 else None}
            for n in reversed(range(self.rows + 3))
        ]  # fmt: skip
        self.snapshot = a_snapshot(policy(), self.folder / "snapshot", {"score_log": logged})
        known = {"outcome": True, "score": 0.5, "attr_gender": "F", "attr_age_band": "30-49"}
        decided = [{"selected": n % 2 == 0} | known for n in range(self.rows)]
        columns = ["attr_gender", "attr_age_band"]
        self.decided = a_population(self.folder / "run", columns, decided)

    @property
    def sql(self) -> Path:
        return self.folder / "sql"

    def features(self, text: str) -> None:
        write_bytes(self.sql / "features" / "lead_scoring.sql", text.encode())

    def inputs(self, **changes: Any) -> pa.Table:
        to = self.folder / "run" / "features.parquet"
        write_features(policy(**changes), self.snapshot, self.decided, sql=self.sql, to=to)
        return pq.read_table(to)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


# --- inputs -------------------------------------------------------------------------------------


def test_the_inputs_are_in_the_order_of_the_population_and_name_nobody(site: Site) -> None:
    table = site.inputs()
    assert table.column_names == ["size", "kind"]
    assert table["size"].to_pylist() == [float(n) for n in range(10)]
    assert table["kind"].to_pylist() == [None, "a"] * 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT decision_id, size, kind AS gender FROM score_log", "gender is a protected"),
        ("SELECT decision_id, size, kind AS Age_Band FROM score_log", "Age_Band is a protected"),
        ("SELECT decision_id, kind AS attr_x FROM score_log", "attr_x is a protected"),
        ("SELECT decision_id, TRUE AS outcome FROM score_log", "outcome is what the audit knows"),
        ("SELECT size FROM score_log", "column decision_id is missing"),
        ("SELECT decision_id FROM score_log", "gives no input"),
        ("SELECT decision_id, 1.5 AS amount FROM score_log", r"amount is DECIMAL\(2,1\); CAST"),
        ("SELECT decision_id, size FROM score_log WHERE size > 0", "gives no inputs for some"),
        (
            "SELECT decision_id, size FROM score_log UNION ALL SELECT 3, 1.0",
            "gives more than one row of inputs for some",
        ),
        (
            "SELECT decision_id, siz FROM score_log",
            r'(?s)lead_scoring\.sql: .*"siz".*what lead_scoring takes is not in the snapshot:'
            r" name the column in source\.objects of expectations/lead_scoring/policy\.yaml",
        ),
        (
            "SELECT decision_id, CAST(kind AS DOUBLE) AS size FROM score_log",
            "ConversionException on a row",
        ),
    ],
)
def test_inputs_that_are_not_one_row_per_decision_without_attributes_are_refused(
    text: str, said: str, site: Site
) -> None:
    site.features(text)
    with pytest.raises(PopulationError, match=said):
        site.inputs()


def test_a_missing_file_is_named(site: Site) -> None:
    (site.sql / "features" / "lead_scoring.sql").unlink()
    with pytest.raises(PopulationError, match=r"features/lead_scoring\.sql: no such file"):
        site.inputs()


def a_signature(*columns: dict[str, Any]) -> str:
    return yaml.safe_dump({"signature": {"inputs": json.dumps(columns)}})


def test_an_input_that_a_version_takes_and_is_not_given_is_named(tmp_path: Path) -> None:
    takes = [{"type": "double", "name": name} for name in ("size", "region", "a\nline" * 30)]
    optional = {"type": "string", "name": "colour", "required": False}
    write_bytes(tmp_path / "MLmodel", a_signature(*takes, optional).encode())
    with pytest.raises(PopulationError) as raised:
        check_inputs(tmp_path, ["size", "kind"], model="lead_scoring", version="7")
    said = str(raised.value)
    assert said.startswith("lead_scoring version 7 takes 'region', 'a\\nline")
    assert "sql/features/lead_scoring.sql does not give (select it there" in said
    assert "source.objects of expectations/lead_scoring/policy.yaml" in said
    assert "'size'" not in said
    assert "colour" not in said
    assert "\n" not in said
    assert len(said) < 500
    check_inputs(tmp_path, [each["name"] for each in takes], model="m", version="7")


GROWING = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 40)}]}}\n" for n in range(1, 20)
)
"""YAML of a few kilobytes that says more, by its merge keys, than any machine holds."""


@pytest.mark.parametrize(
    "content",
    [
        "flavors: {}",
        GROWING,
        "",
        "[]",
        "signature: {inputs: '[}'}",
        "signature: {inputs: '[1]'}",
        "signature: {inputs: null}",
        "signature: {inputs: '" + "[" * 100_000 + "'}",
        "[" * 100_000,
        "!!python/object/apply:os.system [exit]",
        a_signature({"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}),
    ],
)
def test_a_signature_that_names_no_columns_says_nothing(content: str, tmp_path: Path) -> None:
    write_bytes(tmp_path / "MLmodel", content.encode())
    check_inputs(tmp_path, [], model="lead_scoring", version="7")
    check_inputs(tmp_path / "missing", [], model="lead_scoring", version="7")


# --- selection ----------------------------------------------------------------------------------


def ranked(scores: list[float], share: str) -> list[int]:
    """The places of whom a top share selects; pseudonyms run against the order of the rows."""
    size = len(scores)
    population = pa.table(
        {"subject_id": [f"s{size - n:03}" for n in range(size)],
         "decision_id": [str(n) for n in range(size)]}
    )  # fmt: skip
    found = select(Selects.model_validate({"top_share": share}), np.array(scores), population)
    return [int(place) for place in np.flatnonzero(found.selected)]


def test_a_top_share_is_rounded_down_to_whole_rows() -> None:
    assert ranked([0.1, 0.9, 0.8, 0.2, 0.3], "2/5") == [1, 2]
    assert ranked([0.1, 0.9, 0.8, 0.2], "2/5") == [1]
    assert ranked([0.1], "2/5") == []


def test_among_equal_scores_the_pseudonyms_decide() -> None:
    assert ranked([0.5, 0.5, 0.5, 0.5, 0.9], "2/5") == [3, 4]
    population = pa.table({"subject_id": ["b", "a", "c"], "decision_id": ["1", "2", "3"]})
    rule = Selects.model_validate({"top_share": "1/3"})
    found = select(rule, np.array([0.5, 0.5, 0.1]), population)
    assert list(found.selected) == [False, True, False]
    assert (found.cut, found.tied, found.tied_selected) == (0.5, 2, 1)


@pytest.mark.parametrize("threshold", ["1/3", "2/3", "1/10", "37/100", "1/2", "1/7"])
def test_a_threshold_is_compared_exactly(threshold: str) -> None:
    limit = Fraction(threshold)
    least = not_below(limit)
    assert Fraction(least) >= limit > Fraction(float(np.nextafter(least, 0)))
    scores = np.array([least, np.nextafter(least, 0), 1.0])
    rule = Selects.model_validate({"score_at_least": threshold})
    assert list(select(rule, scores, pa.table({})).selected) == [True, False, True]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"selects": {}}, "either score_at_least or top_share"),
        ({"selects": {"top_share": "1/2", "score_at_least": "1/2"}}, "not both"),
        ({"selects": {"top_share": "1"}}, "strictly between 0 and 1"),
        ({"selects": {"score_at_least": "3/2"}}, r"outside the scores \[0, 1\]"),
        ({"selects": {"score_at_least": 0.5}}, "exact fraction"),
        ({"selects": {"top_share": "1/2"}, "score_range": [1, 0]}, "is empty"),
        ({"selects": {"top_share": "1/2"}, "threshold": 1}, "Extra inputs"),
    ],
)
def test_a_candidate_section_that_says_nothing_clear_is_refused(
    section: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        policy(candidate=section)


def test_without_the_section_a_policy_keeps_its_digest() -> None:
    assert "candidate" not in a_policy().model_dump(mode="json")


# --- the whole step -----------------------------------------------------------------------------


class Registry:
    """Holds one version's files; may change them after they were copied."""

    def __init__(self, digest: str = "") -> None:
        self._digest = digest

    def copy(self, model: str, version: str, folder: Path) -> str:
        write_bytes(folder / "MLmodel", b"flavors: {}\n")
        return folder_digest(folder)

    def artifact_digest(self, model: str, version: str) -> str:
        return self._digest


@pytest.fixture
def scored(site: Site, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Score with a process that gives what it is told to."""

    def score(given: list[float], changes: dict[str, Any] | None = None) -> Population:
        def instead(
            place: process.Workplace, limits: Any, host: process.Host, required: Any
        ) -> process.Confined:
            assert site.decided.path in host.hidden
            assert required == REQUIRED
            assert place.features.exists()
            records = np.empty(len(given), dtype=[("row", "<i8"), ("score", "<f8")])
            records["row"], records["score"] = np.arange(len(given)), given
            records.tofile(place.scores)
            return process.Confined(("landlock", "seccomp"), ("namespaces",))

        monkeypatch.setattr(candidate, "score", instead)
        registry = Registry()
        monkeypatch.setattr(registry, "artifact_digest", lambda *_: folder_digest(
            site.folder / "run" / "candidate" / "artifact"))  # fmt: skip
        return score_candidate(
            policy(**changes or {}), site.snapshot, site.decided, version="7", registry=registry,
            sql=site.sql, folder=site.folder / "run", host=process.Host(),
        )  # fmt: skip

    return score


def test_the_candidates_population_differs_in_scores_and_selection_alone(
    scored: Any, site: Site
) -> None:
    found = scored([n / 10 for n in range(10)])
    before, after = pq.read_table(site.decided.path), pq.read_table(found.path)
    own = ["model_version", "score", "selected"]
    assert after.schema.names == before.schema.names
    assert after.drop_columns(own).equals(before.drop_columns(own))
    assert set(after["model_version"].to_pylist()) == {"7"}
    assert after["selected"].to_pylist() == [False] * 6 + [True] * 4
    assert (found.model_version, found.audited) == ("7", "candidate")
    assert found.scoring.against == "1"
    assert found.scoring.confinement == ("landlock", "seccomp")
    assert found.scoring.missing_confinement == ("namespaces",)
    assert found.digest != site.decided.digest
    assert Population.model_validate(found.model_dump(mode="json")) == found


def test_scoring_again_replaces_what_was_there(scored: Any, site: Site) -> None:
    first = scored([n / 10 for n in range(10)])
    again = scored([n / 10 for n in range(10)])
    assert again == first


def test_a_range_that_the_policy_declares_is_taken(scored: Any) -> None:
    section = {"selects": {"top_share": "1/2"}, "score_range": [300, 850]}
    assert scored([600.0 + n for n in range(10)], {"candidate": section}).rows == 10
    with pytest.raises(ScoringError, match=r"gave scores outside \[0, 1\]"):
        scored([600.0 + n for n in range(10)])


def test_every_secret_that_lies_in_a_file_is_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ("SIGNING_KEY", "SUBJECT_KEY", "HOOK_SECRET")
    for name in secrets:
        monkeypatch.setenv(f"FAIRNESS_AUDIT_{name}", str(tmp_path / name))
    hidden = host_of(Settings.from_environment()).hidden
    assert {tmp_path / name for name in secrets} < set(hidden)
    monkeypatch.delenv("FAIRNESS_AUDIT_HOOK_SECRET")
    assert len(host_of(Settings.from_environment()).hidden) == len(hidden) - 1


def test_a_policy_that_does_not_say_whom_it_selects_is_named(scored: Any) -> None:
    with pytest.raises(ScoringError, match=r"lead_scoring/policy\.yaml: candidate: is missing"):
        scored([], {"candidate": None})


def test_files_that_change_while_they_are_copied_are_not_scored(site: Site) -> None:
    with pytest.raises(ScoringError, match="changed while they were copied"):
        score_candidate(
            policy(), site.snapshot, site.decided, version="7", registry=Registry("0" * 64),
            sql=site.sql, folder=site.folder / "run", host=process.Host(),
        )  # fmt: skip


def test_a_version_that_takes_what_it_is_not_given_is_not_run(site: Site) -> None:
    class Wanting(Registry):
        def copy(self, model: str, version: str, folder: Path) -> str:
            wants = a_signature({"type": "string", "name": "region"})
            write_bytes(folder / "MLmodel", wants.encode())
            self._digest = folder_digest(folder)
            return self._digest

    with pytest.raises(PopulationError, match="lead_scoring version 7 takes 'region', which"):
        score_candidate(
            policy(), site.snapshot, site.decided, version="7", registry=Wanting(),
            sql=site.sql, folder=site.folder / "run", host=process.Host(),
        )  # fmt: skip
    assert not (site.folder / "run" / "candidate" / "printed.txt").exists()


def test_a_ranking_cannot_be_simulated_from_scores(site: Site) -> None:
    table = pq.read_table(site.decided.path)
    pq.write_table(table.append_column("rank", pa.array(range(10))), site.decided.path)
    with pytest.raises(ScoringError, match="decisions have a rank"):
        score_candidate(
            policy(), site.snapshot, site.decided, version="7", registry=Registry(),
            sql=site.sql, folder=site.folder / "run", host=process.Host(),
        )  # fmt: skip


# --- the registry -------------------------------------------------------------------------------


@pytest.fixture
def registry(tmp_path: Path) -> MlflowRegistry:
    registry = MlflowRegistry(f"sqlite:///{tmp_path / 'mlflow.db'}")
    write_bytes(tmp_path / "files" / "MLmodel", b"flavors: {}\n")
    registry._client.create_registered_model("lead_scoring")
    registry._client.create_model_version("lead_scoring", (tmp_path / "files").as_uri())
    return registry


def test_a_copy_has_the_digest_of_the_version(registry: MlflowRegistry, tmp_path: Path) -> None:
    digest = registry.copy("lead_scoring", "1", tmp_path / "copy")
    assert digest == registry.artifact_digest("lead_scoring", "1")
    assert (tmp_path / "copy" / "MLmodel").exists()


def test_a_link_among_the_files_is_refused(registry: MlflowRegistry, tmp_path: Path) -> None:
    """It could bring a key into the folder that the artifact may read."""
    write_bytes(tmp_path / "signing.pem", b"secret")
    (tmp_path / "files" / "weights").symlink_to(tmp_path / "signing.pem")
    with pytest.raises(RegistryError, match="weights is a link"):
        registry.copy("lead_scoring", "1", tmp_path / "copy")


@pytest.mark.timeout(60)
def test_nor_is_a_pipe_among_them_waited_for(registry: MlflowRegistry, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "files" / "weights")
    with pytest.raises(RegistryError, match="weights is neither a file nor a folder"):
        registry.copy("lead_scoring", "1", tmp_path / "copy")
