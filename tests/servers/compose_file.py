"""Reads docker-compose.yaml, the Dockerfile and .env.example as Docker and an operator would."""

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests import CHECKOUT

COMPOSE_FILE = CHECKOUT / "docker-compose.yaml"
DOCKERFILE = CHECKOUT / "Dockerfile"
EXAMPLE = CHECKOUT / ".env.example"

_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")
_SETTING = re.compile(r"^(?P<name>[A-Z_]+)=(?P<value>.*)$")


class Unset(Exception):
    """A variable that the compose file demands is not set."""


def interpolated(value: Any, environment: Mapping[str, str]) -> Any:
    """Fill in `${NAME}`, `${NAME:-default}` and `${NAME:?message}`; `$$` is a dollar sign."""
    if isinstance(value, dict):
        return {key: interpolated(item, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolated(item, environment) for item in value]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "$"
        if found := environment.get(match["name"]):
            return found
        if match["kind"] == "?":
            raise Unset(match["name"])
        return match["rest"] or ""

    return _VARIABLE.sub(fill, value)


def compose_file(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The compose file; with an environment, its variables are filled in."""
    content = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))
    content = {key: part for key, part in content.items() if not key.startswith("x-")}
    return content if environment is None else interpolated(content, environment)


def is_long_running(service: Mapping[str, Any]) -> bool:
    return service.get("restart") == "unless-stopped"


def instructions(stage: int | None = None) -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments; of one build stage if named."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n", " ", text).splitlines()
    parsed = [tuple(line.split(None, 1)) for line in lines if line.strip()]
    found = [(word.upper(), argument.strip()) for word, argument in parsed]
    if stage is None:
        return found
    starts = [index for index, (word, _) in enumerate(found) if word == "FROM"]
    return found[starts[stage] :]


def image_environment() -> dict[str, str]:
    """What the final stage of the Dockerfile sets with ENV."""
    pairs = (
        pair.split("=", 1)
        for word, argument in instructions(stage=-1)
        if word == "ENV"
        for pair in shlex.split(argument)
    )
    return dict(pairs)


def copied() -> list[tuple[list[Path], str]]:
    """What the final stage copies from the checkout: files or folders, and where to."""
    found = []
    for word, argument in instructions(stage=-1):
        if word == "COPY" and not argument.startswith("--from"):
            *patterns, target = argument.split()
            found.append(([path for each in patterns for path in CHECKOUT.glob(each)], target))
    return found


def documented_environment(folder: Path) -> dict[str, str]:
    """Do in a folder what .env.example tells an operator to do; give the resulting .env."""
    environment: dict[str, str] = {}
    waiting: list[str] = []
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if setting := _SETTING.match(line):
            environment[setting["name"]] = setting["value"]
            waiting = [setting["name"]] if not setting["value"] else []
        elif line.startswith("#   "):
            output = _done(line.removeprefix("#   "), folder)
            for name in waiting:
                environment[name] = output
    return environment


def _done(command: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euc", command], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
