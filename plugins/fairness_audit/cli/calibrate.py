"""The verb `calibrate`: how often a real run would be blocked if groups meant nothing."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fairness_audit.cli.names import existing_file, existing_folder, listed, newest
from fairness_audit.cli.printing import (
    Format,
    Progress,
    RowsPrinted,
    complain,
    say,
    show_rows,
    table,
)
from fairness_audit.cli.verb import verb
from fairness_audit.errors import ExitCode, InputError

if TYPE_CHECKING:
    from fairness_audit.installation import Installation
    from fairness_audit.policy.load import LoadedPolicy
    from fairness_audit.replay.calibration.calibrate import Calibration, Share
    from fairness_audit.replay.calibration.run import PastRun

_WHAT = "shuffles judged"
_KEYS = (
    "about", "path", "attribute", "group", "ratio", "hypotheses", "broken", "runs", "seed",
    "false_blocks", "share", "low", "high", "passed", "inconclusive", "failed", "bound", "p_value",
)  # fmt: skip


@verb(
    "fairness-audit calibrate 3f9c27d1a0b4",
    "fairness-audit calibrate .local/runs/lead_scoring/RUN --runs 1000 --seed 7",
)
def calibrate(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="A run's folder or id, or a record's file or the start of its id."
        ),
    ],
    runs: Annotated[
        int, typer.Option(metavar="NUMBER", min=1, max=100_000, help="How many shuffles.")
    ] = 200,
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", min=0, help="Equal seeds give equal answers.")
    ] = 1,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another policy file than the model's.")
    ] = None,
    form: RowsPrinted = Format.TABLE,
) -> None:
    """How often would a real run be blocked by chance alone?

    Shuffles who is of which groups among the people of the run, and sends each shuffle through
    every path to a block, as audited after each of its units. Then one group is selected .6 and
    .7 times as often: how often is it found? Nothing is published.

    Exit 0 it is told, 1 more false blocks than the policy promises, beyond chance (at 1 %).
    """
    from fairness_audit.installation import Installation
    from fairness_audit.policy.load import load_policy
    from fairness_audit.replay.calibration.calibrate import calibrate as calibrated

    if policy is not None:
        existing_file(policy, ("*.yaml",), what="policy file")
    with (
        Installation.from_environment() as installation,
        tempfile.TemporaryDirectory(prefix="fairness-audit-calibrate-") as made,
    ):
        past = _named(run, installation)
        model = past.snapshot.model
        loaded = load_policy(policy, model=model) if policy else installation.policy(model)
        population, people, validation = _read(past, installation, loaded, Path(made))
        found = calibrated(
            loaded.policy, people, validation, runs=runs, seed=seed, told=Progress(_WHAT)
        )
    show_rows(
        [*_rows(found)],
        form,
        lambda: _in_words(found, f"{model} version {population.model_version}"),
        keys=_KEYS,
    )
    if found.refutes:
        complain(
            "the policy's alpha is refuted: were at most"
            f" {_percent(found.bound)} of such runs blocked, as it promises, so many would be with"
            f" a chance of {found.p_value:.1g} (find the path that blocks too often, and rely on"
            " none of its failures)"
        )
        raise typer.Exit(ExitCode.REFUSED)


def _read(
    past: "PastRun", installation: "Installation", loaded: "LoadedPolicy", folder: Path
) -> Any:
    """The population, its people, and what its suites say."""
    from fairness_audit.replay.calibration.people import people_of
    from fairness_audit.steps.validate import validate

    settings = installation.settings
    population = past.population(installation, loaded, folder)
    since = past.counts_from(installation, loaded, population.model_version)
    people = people_of(loaded.policy, population, sql=settings.sql, counts_from=since)
    validation = validate(
        loaded.policy,
        population,
        suites=settings.expectations / loaded.policy.model,
        sql=settings.sql,
        docs=folder / "data_docs",
    )
    return population, people, validation


def _named(name: str, installation: "Installation") -> "PastRun":
    """The run of a folder, of an id, or of a record.

    Raises:
        InputError: when there is none, or more than one; names those it may be.
    """
    from fairness_audit.cli.replay import audit_named
    from fairness_audit.cli.snapshot import snapshot_in
    from fairness_audit.replay.calibration.run import PastRun
    from fairness_audit.replay.replay import stored_snapshot
    from fairness_audit.steps.extract.manifest import read_manifest

    place, runs = Path(name), installation.settings.runs
    if not place.is_file():
        folders = [place] if place.is_dir() else _with_id(name, runs)
        if len(folders) > 1:
            raise InputError(f"{name}: {len(folders)} runs have this id (name a folder of them:"
                             f" {listed(folders)})")  # fmt: skip
        if folders:
            snapshot = read_manifest(snapshot_in(folders[0]))
            return PastRun(snapshot.folder.parent, snapshot)
        if "/" in name:
            existing_folder(place, what="folder of a run")
    try:
        record = audit_named(name, installation.records())
    except InputError as error:
        there = listed(each.name for each in newest(runs.glob("*/*")) if each.is_dir())
        raise InputError(f"{error}; nor is it the id of a run, the newest are {there}") from None
    snapshot = stored_snapshot(record, runs)
    return PastRun(snapshot.folder.parent, snapshot, record)


def _with_id(name: str, runs: Path) -> list[Path]:
    from fairness_audit.files import safe_name

    return [each for each in sorted(runs.glob("*/*")) if each.name == safe_name(name)]


def _rows(found: "Calibration") -> Iterator[dict[str, Any]]:
    nothing = dict.fromkeys(_KEYS) | {"runs": found.runs, "seed": found.seed}
    yield (
        nothing
        | _told(found.blocked)
        | {
            "about": "shuffled",
            "hypotheses": sum(each.hypotheses for each in found.paths),
            "broken": sum(each.broken for each in found.paths),
            "false_blocks": found.blocked.runs,
            "passed": found.passed.share,
            "inconclusive": round(found.inconclusive, 4),
            "failed": found.failed.share,
            "bound": found.bound,
            "p_value": found.p_value,
        }
    )
    for path in found.paths:
        yield (
            nothing
            | _told(path.blocked)
            | {
                "about": "path",
                "path": path.name,
                "hypotheses": path.hypotheses,
                "broken": path.broken,
                "false_blocks": path.blocked.runs,
                "passed": path.passed.share,
                "inconclusive": round(path.open, 4),
                "failed": path.failed.share,
            }
        )
    for each in found.found:
        yield (
            nothing
            | _told(each.failed)
            | {
                "about": "harm",
                "attribute": each.attribute,
                "group": each.group,
                "ratio": each.ratio,
                "failed": each.failed.share,
            }
        )


def _told(share: "Share") -> dict[str, float]:
    return {"share": share.share, "low": round(share.low, 4), "high": round(share.high, 4)}


def _in_words(found: "Calibration", whose: str) -> None:
    unit = f"{found.unit}{'' if found.units == 1 else 's'}"
    say(
        f"{whose}, {found.units:,} {unit}: {found.runs:,} shuffles of who is of which groups"
        f" (seed {found.seed}), judged after each {found.unit}",
        hang=4,
    )
    say(
        f"false blocks: {_percent(found.blocked.share)} ({_interval(found.blocked)}); the policy"
        f" promises at most {_percent(found.bound)}",
        hang=4,
    )
    say(
        f"at the end: {_percent(found.passed.share)} pass, {_percent(found.inconclusive)} are"
        f" inconclusive, {_percent(found.failed.share)} fail",
        hang=4,
    )
    say()
    table(
        ("path to a block", "asked", "false", "95 % interval", "pass", "open", "fail"),
        [
            (
                path.name,
                str(path.hypotheses),
                _percent(path.blocked.share),
                _interval(path.blocked),
                _percent(path.passed.share),
                _percent(path.open),
                _percent(path.failed.share),
            )
            for path in found.paths
        ],
        right=range(1, 7),
    )
    _broken_in_words(found)
    _harm_in_words(found)


def _broken_in_words(found: "Calibration") -> None:
    broken = [each for each in found.paths if each.broken]
    if broken:
        told = ", ".join(f"{each.broken} of {each.name}" for each in broken)
        say()
        say(
            "Broken in this run whoever is of which group, so that their failures are not counted"
            f" as false: {told}",
            hang=4,
        )


def _harm_in_words(found: "Calibration") -> None:
    if not found.found:
        return
    say()
    say("If one group were treated favourably less often, and all else were shuffled:")
    table(
        ("group", "as often", "found", "95 % interval"),
        [
            (
                f"{each.attribute} {each.group}",
                f"{each.ratio:g}",
                _percent(each.failed.share),
                _interval(each.failed),
            )
            for each in found.found
        ],
        right={1, 2, 3},
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _interval(share: "Share") -> str:
    return f"{100 * share.low:.1f} to {100 * share.high:.1f}"
