"""Artifacts that MLflow saved: honest ones, and ones whose code does what it pleases."""

import atexit
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FRAME = pd.DataFrame({"size": [float(number) for number in range(40)], "kind": ["a", None] * 20})
"""What the artifacts score: forty rows."""

_SCRIPT = "model_code.py"
CODE = """
import os

import numpy as np
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

LOADED = {loaded!r}
SECRET = {secret!r}
exec(LOADED)


class Model(PythonModel):
    def predict(self, context, model_input, params=None):
        {predict}


set_model(Model())
"""


def saved(folder: Path, predict: str, *, loaded: str = "", secret: Path | None = None) -> Path:
    """A pyfunc model by its code: the body of ``predict``, and what runs when it is loaded."""
    shutil.copytree(_template(), folder)
    body = predict.replace("\n", "\n        ")
    code = CODE.format(predict=body, loaded=loaded, secret=str(secret))
    (folder / _SCRIPT).write_text(code)
    return folder


def telling(tries: Mapping[str, Sequence[str]], *also: str) -> str:
    """The body of a ``predict`` that tries everything and prints what worked, as JSON.

    Of each group of tries what worked is told in its order; any error but that of a refusal
    counts as something that worked. ``also`` are lines that may add to the dictionary ``told``.
    The score of every row is 0.25.
    """
    lines = ["import json", "told = {}"]
    for group, attempts in tries.items():
        lines += [f"told[{group!r}] = worked = []"]
        for attempt in attempts:
            lines += ["try:", *(f"    {line}" for line in attempt.splitlines())]
            lines += [f"    worked.append({attempt!r})", "except OSError as error:"]
            lines += ["    if error.errno not in (1, 2, 13, 18):  # EPERM, ENOENT, EACCES, EXDEV"]
            lines += [f"        worked.append(({attempt!r}, repr(error)))"]
            lines += ["except Exception as error:"]
            lines += [f"    worked.append(({attempt!r}, repr(error)))"]
    lines += [*also, "print(json.dumps(told))", "return np.full(len(model_input), 0.25)"]
    return "\n".join(lines)


@cache
def _template() -> Path:
    """A pyfunc model that MLflow saved from its code, once; its code is replaced then."""
    import mlflow

    folder = Path(tempfile.mkdtemp(prefix="fairness-audit-artifact-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    script = folder / _SCRIPT
    script.write_text(CODE.format(predict="return [0]", loaded="", secret=""))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pyfunc.save_model(
            folder / "saved", python_model=str(script), pip_requirements=["mlflow"]
        )
    return folder / "saved"


def honest(folder: Path, learner: Callable[[], Any] | None = None) -> Path:
    """A scikit-learn pipeline as the demo saves its models."""
    import mlflow
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    columns = ColumnTransformer(
        [("kind", OneHotEncoder(handle_unknown="ignore"), ["kind"])], remainder="passthrough"
    )
    pipeline = make_pipeline(columns, (learner or LogisticRegression)())
    pipeline.fit(FRAME, np.arange(len(FRAME)) % 3 == 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.sklearn.save_model(
            pipeline,
            folder,
            signature=mlflow.models.infer_signature(FRAME, pipeline.predict_proba(FRAME)),
            pyfunc_predict_fn="predict_proba",
            pip_requirements=["scikit-learn"],
            skops_trusted_types=["numpy.dtype"],
        )
    return folder
