"""Rules of the house that linters do not check: every module of vcltui is read and walked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "vcltui").rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]

# Who may start a process: the nodes, and the console while it is suspended for a program.
STARTERS = {"vcltui/nodes/process.py", "vcltui/tui/terminal.py"}
# What takes a program for a remote sh: a fixed text, all that differs being its parameters. The
# last two hand on what they are given.
TAKE_A_SCRIPT = {"self._script", "self._run_hook_script", "self._shut_down_with"}
SHELLS = {"sh", "bash", "dash", "ash", "ksh", "zsh", "busybox"}
# A URI may say so, as with libvirt; a guest's key is learned at its load and then insisted on.
LEARN_HOST_KEYS = {"vcltui/nodes/from_uri.py", "vcltui/guests/ssh_guest.py"}


def walk(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func)


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in walk(path):
        if isinstance(node, ast.Call):
            yield name_of(node), node


def fixed_names() -> set[str]:
    """Names that a module or a class gives a fixed text to, and nobody anything else."""
    fixed: set[str] = set()
    changed: set[str] = set()
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        bodies = [tree.body, *(one.body for one in tree.body if isinstance(one, ast.ClassDef))]
        outside = {id(statement) for body in bodies for statement in body}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {one.id for one in targets if isinstance(one, ast.Name)}
            if id(node) in outside and node.value is not None and is_text(node.value):
                fixed |= names
            else:
                changed |= names
    return fixed - changed


def is_text(node: ast.expr) -> bool:
    """A text, or one with names of texts in it."""
    if isinstance(node, ast.JoinedStr):
        return all(
            isinstance(part, ast.Constant)
            or (isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name))
            for part in node.values
        )
    return isinstance(node, ast.Constant)


FIXED = fixed_names()


def is_constant(node: ast.expr) -> bool:
    """A text, the name of one, or a choice of such: nothing put together from values."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Name | ast.Attribute):
        return (node.id if isinstance(node, ast.Name) else node.attr) in FIXED
    if isinstance(node, ast.IfExp):
        return is_constant(node.body) and is_constant(node.orelse)
    return False


def built_scripts(source: ast.AST) -> Iterator[ast.expr]:
    """What a shell is given in a list of arguments and is no fixed text."""
    for node in ast.walk(source):
        if not isinstance(node, ast.List | ast.Tuple):
            continue
        for program, option, script in zip(node.elts, node.elts[1:], node.elts[2:], strict=False):
            words = [
                one.value if isinstance(one, ast.Constant) else "" for one in (program, option)
            ]
            shell = str(words[0]).rpartition("/")[2] in SHELLS
            if not shell or not re.fullmatch(r"-\w*c", str(words[1])):
                continue
            passed_on = isinstance(script, ast.Name) and script.id == "script"
            if not (is_constant(script) or passed_on):
                yield script


def built_sql(source: ast.AST) -> Iterator[ast.Call]:
    """Calls that give the database a text which was put together from values."""
    for call in (node for node in ast.walk(source) if isinstance(node, ast.Call)):
        name, first = name_of(call).split(".")[-1], call.args[0] if call.args else None
        if name in ("text", "exec_driver_sql", "literal_column", "executescript"):
            if first is None or not is_constant(first):
                yield call
        elif name in ("execute", "executemany", "scalar", "scalars"):
            joined = isinstance(first, ast.JoinedStr | ast.BinOp) or (
                isinstance(first, ast.Call) and name_of(first).endswith((".format", ".join"))
            )
            if joined:
                yield call


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_no_shell_and_nothing_evaluated(path: Path):
    banned = {"os.system", "os.popen", "eval", "exec", "compile", "__import__", "pickle.loads"}
    for name, call in calls(path):
        assert name not in banned, f"{path}:{call.lineno} calls {name}"
        assert not name.startswith(("os.spawn", "os.exec", "os.posix_spawn", "os.fork", "pty."))
        for keyword in call.keywords:
            assert keyword.arg != "shell", f"{path}:{call.lineno} asks for a shell"
            assert keyword.arg != "preexec_fn", f"{path}:{call.lineno} is unsafe with threads"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_only_nodes_start_processes(path: Path):
    if str(path.relative_to(ROOT)) in STARTERS:
        return
    for name, call in calls(path):
        started = name.startswith("subprocess.") and name.split(".")[1] in (
            "run", "Popen", "call", "check_call", "check_output", "getoutput",
        )  # fmt: skip
        assert not started, f"{path}:{call.lineno} starts a process"
        assert "create_subprocess" not in name, f"{path}:{call.lineno} starts a process"
    for node in walk(path):
        taken = isinstance(node, ast.ImportFrom) and node.module in (
            "subprocess",
            "multiprocessing",
        )
        assert not taken, f"{path}:{node.lineno} takes names under which a process is started"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_remote_scripts_are_fixed_texts(path: Path):
    """`sh -c` is given a constant; the SSH command line is quoted by shlex alone."""
    for script in built_scripts(ast.parse(path.read_text(encoding="utf-8"))):
        pytest.fail(f"{path}:{script.lineno} builds a script")


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_scripts_passed_on_are_fixed_too(path: Path):
    for name, call in calls(path):
        if name not in TAKE_A_SCRIPT or not call.args:
            continue
        script = call.args[0]
        passed_on = isinstance(script, ast.Name) and script.id == "script"
        assert is_constant(script) or passed_on, f"{path}:{call.lineno} builds a script"


@pytest.mark.parametrize("path", sorted((ROOT / "vcltui/vcldb").rglob("*.py")), ids=str)
def test_sql_has_bound_parameters_only(path: Path):
    for call in built_sql(ast.parse(path.read_text(encoding="utf-8"))):
        pytest.fail(f"{path}:{call.lineno} builds SQL from values")


@pytest.mark.parametrize(
    "line",
    [
        'run(["sh", "-c", f"rm {x}"])', 'run(["/bin/bash", "-lc", x])', 'run(["sh", "-c", x + y])',
        'run(["prlimit", "--as=1", "sh", "-c", MADE])', 'run(("dash", "-ec", x.strip()))',
    ],
)  # fmt: skip
def test_the_rule_finds_scripts_that_are_built(line: str):
    assert list(built_scripts(ast.parse(line)))
    assert not list(built_scripts(ast.parse('run(["sh", "-c", "echo $1", "sh", x])')))


@pytest.mark.parametrize(
    "line",
    [
        'c.execute(f"SELECT {x}")', 'c.execute(text("SELECT " + x))', 'text(f"DROP {x}")',
        'c.execute("SELECT %s" % x)', 'c.exec_driver_sql("A {}".format(x))', "c.scalar(x + y)",
        'c.execute("SELECT {}".format(x))',
    ],
)  # fmt: skip
def test_the_rule_finds_sql_that_is_built(line: str):
    assert list(built_sql(ast.parse(line)))
    assert not list(
        built_sql(ast.parse('c.execute(select(t).where(t.c.x == x)); text("SELECT 1")'))
    )


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_temporary_files_have_names_nobody_can_guess(path: Path):
    for name, call in calls(path):
        assert name not in ("tempfile.mktemp", "os.tempnam"), f"{path}:{call.lineno}"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_host_keys_are_checked(path: Path):
    """Only an operator's own `no_verify` in the URI turns it off, as libvirt has it."""
    if path.name in ("ssh_target.py",):
        return
    text = path.read_text(encoding="utf-8")
    assert "StrictHostKeyChecking" not in text
    assert "UserKnownHostsFile" not in text
    for name, call in calls(path):
        for keyword in call.keywords if name.split(".")[-1] in ("SshTarget", "replace") else ():
            if keyword.arg in {"no_verify", "host_key_policy"}:
                assert str(path.relative_to(ROOT)) in LEARN_HOST_KEYS, f"{path}:{call.lineno}"
