"""What makes a function a verb: examples in its help, and one way to end."""

import traceback
from collections.abc import Callable
from functools import wraps
from inspect import getdoc
from typing import ParamSpec, TypeVar

import typer

from fairness_audit.cli.printing import complain, width, wrapped
from fairness_audit.errors import AuditError, ExitCode

Given = ParamSpec("Given")
Result = TypeVar("Result")

OWN_PROCESS = "own process"
"""What a verb's context holds if nothing else runs in its process."""

AS_IT_IS = "\b\n"
"""Before a paragraph of a help text whose lines are not to be joined."""


def verb(*examples: str) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """A verb with these lines as examples, which ends by the one table of exit codes.

    An operator's error is shown as its message alone. A fault of this program is shown whole,
    and is no answer: it must not be taken for a `no`.
    """

    def decorate(function: Callable[Given, Result]) -> Callable[Given, Result]:
        @wraps(function)
        def run(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            try:
                return function(*args, **kwargs)
            except AuditError as error:
                complain(str(error))
                raise typer.Exit(error.exit_code) from error
            except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
                raise
            except Exception as error:
                traceback.print_exc()
                complain("this is a fault of the program (report it, with the lines above)")
                raise typer.Exit(ExitCode.CANNOT_TELL) from error

        run.__doc__ = getdoc(function)
        if examples:
            run.__doc__ = f"{run.__doc__}\n\n{AS_IT_IS}{_indented('Examples:', *examples)}"
        return run

    return decorate


def exit_codes() -> str:
    """The table of exit codes, for a help text."""
    lines = []
    for each in ExitCode:
        head = f"  {each.value:>3}  "
        lines += wrapped(f"{head}{each.meaning}", width() - 2, hang=len(head))
    return f"{AS_IT_IS}Exit codes:\n" + "\n".join(lines)


def _indented(heading: str, *lines: str) -> str:
    return "\n  ".join([heading, *lines])
