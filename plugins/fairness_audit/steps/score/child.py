"""The process in which an artifact is loaded and scores. It is started by :mod:`.process`.

First it is confined, and tells so through a pipe that it then closes; only after that anything
of the artifact is read, and only if all holds that is required. What it ends with is a code, and
what it gives are numbers of a fixed size in a file that the parent opened: it parses nothing else
that was made in here.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

NOT_CONFINED, NOT_LOADED, NOT_SCORED, NOT_SCORES = 10, 11, 12, 13

BATCH: Final = 50_000
"""So many rows are scored at a time."""


def main() -> None:
    """Score as the first argument says; leave by a code, never by an exception."""
    job = json.loads(sys.argv[1])
    os.umask(0o077)
    os.environ["HOME"] = os.environ["TMPDIR"] = job["home"]
    _leave_by(NOT_CONFINED, _confine, job)
    model = _leave_by(NOT_LOADED, _load, Path(job["artifact"]))
    batches = _leave_by(NOT_SCORED, _predict, model, Path(job["features"]))
    _leave_by(NOT_SCORES, write, batches, job["scores"])
    sys.stdout.flush()
    os._exit(0)  # nothing that the artifact registered runs on the way out


def _leave_by(code: int, step: Any, *given: Any) -> Any:
    try:
        return step(*given)
    except BaseException as error:
        import traceback

        traceback.print_exception(error)
        sys.stderr.flush()
        os._exit(code)


def _confine(job: dict[str, Any]) -> None:
    from fairness_audit.steps.score.confinement import confine

    try:
        held, missing = confine(
            readable=[Path(job["artifact"]), Path(job["features"])],
            home=Path(job["home"]),
            hidden=[Path(each) for each in job["hidden"]],
            limits=job["limits"],
            group=Path(job["group"]) if job["group"] else None,
        )
    except OSError as error:
        os.write(job["told"], json.dumps({"fault": str(error)}).encode())
        raise
    os.write(job["told"], json.dumps({"held": held, "missing": missing}).encode())
    os.close(job["told"])
    if not missing.keys().isdisjoint(job["required"]):
        os._exit(NOT_CONFINED)


def _load(artifact: Path) -> Any:
    import warnings

    warnings.simplefilter("ignore")
    import mlflow.pyfunc

    return mlflow.pyfunc.load_model(str(artifact))


def _predict(model: Any, features: Path) -> list[Any]:
    import pyarrow.parquet as pq

    table = pq.read_table(features)
    given = []
    for start in range(0, table.num_rows, BATCH):
        frame = table.slice(start, BATCH).to_pandas()
        given.append(one_score_each(model.predict(frame), len(frame)))
    return given


def one_score_each(given: Any, rows: int) -> Any:
    """The scores among what a model gives: one column, or the second of two probabilities.

    Raises:
        ValueError: when there is not one for each row, in the order of the rows.
    """
    import numpy as np
    import pandas as pd

    if isinstance(given, pd.Series | pd.DataFrame) and not given.index.equals(pd.RangeIndex(rows)):
        raise ValueError("the rows come back in another order")
    values = np.asarray(given, dtype=np.float64)
    if values.ndim == 2 and values.shape[1] in (1, 2):
        values = values[:, -1]
    if values.shape != (rows,):
        raise ValueError(f"{values.shape} values for {rows} rows")
    return values


def write(batches: list[Any], scores: int) -> None:
    """Write row and score, eight bytes each, little end first, into an open file."""
    import numpy as np

    values = np.concatenate(batches) if batches else np.empty(0)
    records = np.empty(len(values), dtype=[("row", "<i8"), ("score", "<f8")])
    records["row"], records["score"] = np.arange(len(values)), values
    os.ftruncate(scores, 0)  # of what the artifact may have written there
    os.lseek(scores, 0, os.SEEK_SET)
    with os.fdopen(scores, "wb") as file:
        records.tofile(file)


if __name__ == "__main__":
    main()
