"""The verb `doctor`: is this installation fit to audit, and if not, what is to be done?"""

import typer

from fairness_audit.cli.printing import Format, RowsPrinted, say, show_rows
from fairness_audit.cli.verb import verb
from fairness_audit.errors import ExitCode

_SIGNS = {"good": "ok  ", "look": "look", "bad": "BAD "}


@verb("fairness-audit doctor", "fairness-audit doctor --format json")
def doctor(form: RowsPrinted = Format.TABLE) -> None:
    """Try everything that an audit needs, and say what to do.

    Packages, policies, keys, ledger and the place of its heads, clocks, the registry and whether
    it asks the gate, every source with the columns that the policies name, disk, memory, and which
    of Airflow's DAGs are paused. Nothing is changed. Run it where tasks run: as their user, with
    their settings.

    Exit 0 nothing stops an audit, 1 something does.
    """
    from fairness_audit.installation import Installation
    from fairness_audit.pipeline import local as local_airflow

    with Installation.from_environment() as installation:
        local_airflow.configure(installation.settings)
        from fairness_audit.pipeline.doctor import examine

        found = list(examine(installation))

    def in_words() -> None:
        for each in found:
            say(f"{_SIGNS[each.state]}  {each.about}: {each.says}", hang=6)

    show_rows(found, form, in_words)
    if any(each.state == "bad" for each in found):
        raise typer.Exit(ExitCode.REFUSED)
