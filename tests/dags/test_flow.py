"""The DAG files spell the flow that `records/steps.py` describes; a made-up step touches both."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.pipeline import local as local_airflow
from fairness_audit.pipeline.audit import (
    assemble,
    extract,
    gate,
    judge,
    measure,
    publish,
    validate,
)
from fairness_audit.pipeline.run import Run
from fairness_audit.pipeline.step import task_of
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.population import Population
from fairness_audit.records.steps import AUDIT, CANDIDATE, Flow, Step
from tests import CHECKOUT
from tests.builders.gated import Gated
from tests.builders.published import a_finding
from tests.pure.records.test_steps import EXPLAINED, Explanation, MadeUp
from tests.servers.airflow_database import known_dags

DAGS = CHECKOUT / "dags"


def dags(file: str) -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(DAGS / file)
    assert bag.import_errors == {}
    return bag.dags


def differences(dag: Any, flow: Flow) -> Iterator[str]:
    """Where a DAG spells something else than the flow says."""
    spelt = tuple(task.task_id for task in dag.tasks)
    if spelt != flow.steps:
        yield f"steps: {', '.join(spelt)}"
    for task in dag.tasks:
        if task.task_id in flow.steps and task.upstream_task_ids != flow.upstream(task.task_id):
            yield f"{task.task_id} waits for {', '.join(sorted(task.upstream_task_ids))}"


def test_the_dags_of_models_spell_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(CHECKOUT))
    found = dags("audit_models.py")
    assert found
    for dag in found.values():
        assert list(differences(dag, AUDIT)) == []


def test_the_dag_of_candidates_spells_a_candidates_audit() -> None:
    (dag,) = dags("audit_candidate.py").values()
    assert list(differences(dag, CANDIDATE)) == []
    assert list(differences(dag, AUDIT)) != []


def test_an_edge_or_an_order_that_differs_is_seen() -> None:
    (dag,) = dags("audit_candidate.py").values()
    compare = CANDIDATE.part(Step.COMPARE)
    others = tuple(part for part in CANDIDATE.parts if part is not compare)
    no_edge = Flow((*others[:-2], replace(compare, after=()), *others[-2:]))
    assert list(differences(dag, no_edge)) == ["compare waits for assemble, judge, score"]
    sooner = Flow(others).with_step(replace(compare, after=()), after=Step.SCORE)
    assert [each.partition(":")[0] for each in differences(dag, sooner)][:1] == ["steps"]


# --- a step that no audit has yet ---------------------------------------------------------------


@task_of(MadeUp.EXPLAIN, flow=EXPLAINED, trigger_rule="all_done")
def explain(run: Run, judgement: Judgement) -> Explanation:
    """Say why."""
    return Explanation(cause=f"{len(judgement.findings)} findings of {run.loaded.policy.model}")


@contextmanager
def a_dag(dag_id: str) -> Iterator[Any]:
    from airflow.sdk import DAG

    with DAG(dag_id, params={"as_of": None}) as dag:
        yield dag


@pytest.mark.parametrize("is_explained", [True, False])
def test_a_made_up_step_is_to_be_spelt_in_the_dag(is_explained: bool) -> None:
    model = "lead_scoring"
    with a_dag("explained") as dag:
        snapshot = extract(model)
        population = assemble(model, snapshot)
        validation = validate(model, population)
        measurements = measure(model, population)
        judgement = judge(model, population, measurements, validation)
        if is_explained:
            explain(model, judgement)
        record = publish(model, snapshot, population, validation, measurements, judgement)
        gate(model, population, record)
    assert (list(differences(dag, EXPLAINED)) == []) is is_explained
    assert (list(differences(dag, AUDIT)) == []) is not is_explained


def test_a_function_that_does_something_else_is_no_task_of_the_step() -> None:
    def takes_another(run: Run, population: Population) -> Explanation:
        raise AssertionError(run, population)

    def gives_another(run: Run, judgement: Judgement) -> Judgement:
        raise AssertionError(run, judgement)

    with pytest.raises(TypeError, match="explain takes judgement, its function does not"):
        task_of(MadeUp.EXPLAIN, flow=EXPLAINED)(takes_another)
    with pytest.raises(TypeError, match="explain gives Explanation, its function does not"):
        task_of(MadeUp.EXPLAIN, flow=EXPLAINED)(gives_another)


JUDGEMENT = Judgement(verdict=Verdict.PASS, findings=(a_finding(), a_finding()))
MADE_UP = f"""
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowSkipException
from tests.dags.test_flow import explain

with DAG("explained", params={{"as_of": None}}):
    @task(task_id="judge")
    def judged():
        return {JUDGEMENT.model_dump(mode="json")!r}

    explain("lead_scoring", judged())

with DAG("unexplained", params={{"as_of": None}}):
    @task(task_id="judge")
    def not_judged():
        raise AirflowSkipException

    explain("lead_scoring", not_judged())
"""


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, airflow_database: None) -> Path:
    """A DAG file with the made-up step, known to Airflow."""
    for name, value in Gated.made(tmp_path / "state").variables.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "made_up.py"
    file.write_text(MADE_UP)
    known_dags(file)
    return file


@pytest.mark.filterwarnings("ignore")  # Airflow's own, of a whole run
def test_a_made_up_step_runs_and_is_told_of(
    made_up: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ended = local_airflow.run("explained", made_up, {}, tmp_path / "log", flow=EXPLAINED)
    assert ended.succeeded, ended.error
    assert ended.newest(Judgement) == JUDGEMENT
    assert ended.newest(Explanation) == Explanation(cause="2 findings of lead_scoring")
    told = [line.split()[:-2] for line in capfd.readouterr().out.splitlines()]
    assert ["judge", "2", "findings,", "verdict", "pass"] in told
    assert ["explain", "because", "of", "2", "findings", "of", "lead_scoring"] in told


@pytest.mark.filterwarnings("ignore")  # Airflow's own, of a whole run
def test_a_step_says_which_one_before_it_did_not_finish(made_up: Path, tmp_path: Path) -> None:
    ended = local_airflow.run("unexplained", made_up, {}, tmp_path / "log", flow=EXPLAINED)
    assert (ended.succeeded, ended.failed_step) == (False, "explain")
    assert str(ended.error) == "no explanation: judge did not finish"
