"""The command's verbs and options, as their help gives them."""

import inspect
from collections.abc import Iterator
from textwrap import dedent

from typer.core import TyperCommand, TyperGroup

from fairness_audit.cli.reference.markdown import cell, code, table
from fairness_audit.cli.verb import AS_IT_IS


def described(command: TyperCommand | TyperGroup, name: str) -> Iterator[str]:
    """The lines about a command, or about every command of a group."""
    if isinstance(command, TyperGroup):
        for word, each in command.commands.items():
            if isinstance(each, TyperCommand | TyperGroup) and not each.hidden:
                yield from described(each, f"{name} {word}")
        return
    yield from (f"### {code(name)}", "")
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        yield from _paragraph(paragraph)
    context = command.make_context(name, [], resilient_parsing=True)
    helps = [each.get_help_record(context) for each in command.params]
    if any(helps):
        yield from table(
            ("option", "means"), ((code(cell(each[0])), cell(each[1])) for each in helps if each)
        )


def _paragraph(text: str) -> Iterator[str]:
    """Prose; or, where the help keeps its lines as they are, a heading and what can be typed."""
    if not text.startswith(AS_IT_IS):
        yield from (cell(text), "")
        return
    heading, _, typed = text.removeprefix(AS_IT_IS).partition("\n")
    yield from (cell(heading), "", "```sh", *dedent(typed).splitlines(), "```", "")
