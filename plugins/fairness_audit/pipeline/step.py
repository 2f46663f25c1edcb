"""A step of an audit as an Airflow task: what the description of the flow says, made so."""

import functools
import inspect
import logging
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from fairness_audit.pipeline.run import Run, reported
from fairness_audit.records.door import StepResult
from fairness_audit.records.steps import CANDIDATE, Flow

log = logging.getLogger(__name__)

Json = dict[str, Any]


def task_of(
    step: StrEnum, *, flow: Flow = CANDIDATE, **settings: Any
) -> Callable[[Callable[..., StepResult]], Any]:
    """Make a function the task of a step.

    The function takes the `Run` and, under the names that the description gives them, the doors of
    earlier steps; the task takes the model's name and these doors as JSON. What else the function
    takes is passed on as it is. ``settings`` are those of Airflow's ``task``.

    Raises:
        TypeError: when the function takes or gives something else than the description says.
    """
    part, taken_from, doors = flow.part(step), flow.givers(step), flow.doors

    def as_task(function: Callable[..., StepResult]) -> Any:
        signature = inspect.signature(function)
        first, *others = signature.parameters.values()
        if absent := set(taken_from) - {each.name for each in others}:
            raise TypeError(f"{step} takes {', '.join(sorted(absent))}, its function does not")
        if signature.return_annotation is not part.door:
            raise TypeError(f"{step} gives {part.door.__name__}, its function does not")

        @functools.wraps(function)
        def run(model: str, *given: Any, **named: Any) -> Json:
            bound = signature.bind(model, *given, **named)
            taken = {name: bound.arguments[name] for name in taken_from if name in bound.arguments}
            _check_finished(part.gives[0], {name for name in taken if taken[name] is None}, flow)
            bound.arguments[first.name] = current = Run.current(model)
            for name, door in taken.items():
                bound.arguments[name] = doors[name].model_validate(door)
            with current.installation:
                result = function(*bound.args, **bound.kwargs)
            log.info("%s: %s", step, result.summary)
            return result.model_dump(mode="json")

        # Airflow reads from these which arguments there are, and that JSON is given.
        model = first.replace(name="model", annotation=str)
        vars(run)["__signature__"] = signature.replace(
            parameters=[model, *others], return_annotation=Json
        )
        run.__annotations__ = {"return": Json}
        # What a step gives is told in one line of its own, not printed whole.
        return task(show_return_value_in_logs=False, **settings)(reported(run))

    return as_task


def _check_finished(wanted: str, absent: set[str], flow: Flow) -> None:
    """Fail where an earlier step gave nothing, although this one was started."""
    if not absent:
        return
    before = get_current_context()["task"].upstream_task_ids
    unfinished = [
        part.step.value
        for part in flow.parts
        if part.step.value in before and absent & set(part.gives)
    ]
    raise AirflowFailException(f"no {wanted}: {', '.join(unfinished)} did not finish")
