"""The house's rules: who may import whom, how long things may be, what is documented, what start-up may cost."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("editor", "models", "plugins")
FILE_LINES, NETWORK_FILE_LINES, FUNCTION_LINES, BRANCHES = 400, 600, 60, 10
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "misc", "common", "manager"}
MAY_CATCH_ALL = {"editor/jobs.py", "editor/plugin_loader.py", "editor/ui/exception_hooks.py"}
DOCUMENTED = ("editor/api.py", "editor/jobs.py", "editor/document/", "models/")
DISTRIBUTIONS = {"cv2": "opencv-python-headless", "PySide6": "pyside6-essentials", "PIL": "pillow"}


@dataclass(frozen=True)
class Function:
    """One function of the source, with what the budgets count."""

    where: str
    lines: int
    branches: int


def sources() -> list[Path]:
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    return [*files, ROOT / "dev.py", *sorted((ROOT / "packaging").glob("*.py"))]


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"), str(file))


def functions_in(file: Path) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    for node in ast.walk(parsed(file)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node, f"{relative(file)}:{node.lineno} {node.name}"


def branches_of(node: ast.AST) -> int:
    """Ways through a function's own statements; functions inside it are counted by themselves."""
    count = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        count += isinstance(child, (ast.If, ast.For, ast.While, ast.ExceptHandler, ast.match_case)) + branches_of(child)
    return count


@pytest.fixture(scope="module")
def functions() -> list[Function]:
    return [
        Function(where, node.end_lineno - node.lineno + 1, branches_of(node))
        for file in sources()
        for node, where in functions_in(file)
    ]


def run_python(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def modules_after(statement: str, names: tuple[str, ...]) -> list[str]:
    """Which of ``names`` a fresh Python has imported after the statement."""
    return run_python(f"import sys; {statement}; print(*[m for m in {names!r} if m in sys.modules])").split()


# --- who may import whom


def test_every_import_contract_of_the_house_is_kept():
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_forbidden_import_would_be_noticed(tmp_path):
    """The contracts are only worth something if they can fail: the document may not import the models."""
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            copy = tmp_path / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    layer = tmp_path / "editor" / "document" / "layer.py"
    layer.write_text(layer.read_text("utf-8") + "\n\ndef hidden():\n    import models.classical\n", "utf-8")
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode != 0 and "editor.document.layer -> models.classical" in result.stdout


def test_only_declared_libraries_are_imported():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {re.split(r"[=<>\[]", line)[0].lower() for line in project["dependencies"]}
    known = set(sys.stdlib_module_names) | set(PACKAGES)
    for file in (file for package in PACKAGES for file in (ROOT / package).rglob("*.py")):
        for name in imported_names(parsed(file)) - known:
            assert DISTRIBUTIONS.get(name, name).lower() in declared, f"{relative(file)} imports {name}"


def imported_names(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_every_dependency_is_pinned_to_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    for line in (*project["dependencies"], *extras):
        assert re.fullmatch(r"[A-Za-z0-9_.\[\]-]+==[0-9][0-9.]*", line), line


# --- what start-up may cost


def test_the_command_line_imports_neither_qt_nor_anything_slow():
    heavy = ("PySide6", "cv2", "scipy", "torch", "numpy", "tifffile")
    assert modules_after("import editor.cli", heavy) == []


def test_what_a_plugin_imports_brings_no_qt_scipy_or_torch():
    assert modules_after("import editor.api", ("PySide6", "scipy", "torch", "tifffile")) == []


def test_the_models_do_not_import_torch():
    everything = "import pkgutil, importlib, models; [importlib.import_module(m.name) for m in pkgutil.walk_packages("
    everything += "models.__path__, 'models.') if not m.name.startswith(('models.networks', 'models.training'))]"
    assert modules_after(everything, ("torch", "PySide6")) == []


# --- budgets


def test_no_file_is_longer_than_its_budget():
    too_long = []
    for file in sources():
        lines = len(file.read_text("utf-8").splitlines())
        limit = NETWORK_FILE_LINES if "models/networks/" in relative(file) else FILE_LINES
        if lines > limit:
            too_long.append(f"{relative(file)}: {lines}")
    assert not too_long, "\n".join(too_long)


def test_no_function_is_longer_than_its_budget(functions):
    too_long = [f"{f.where}: {f.lines} lines" for f in functions if f.lines > FUNCTION_LINES]
    assert not too_long, "\n".join(too_long)


def test_no_function_branches_more_than_its_budget(functions):
    too_many = [f"{f.where}: {f.branches} branches" for f in functions if f.branches > BRANCHES]
    assert not too_many, "\n".join(too_many)


def test_most_functions_are_short_and_straight(functions):
    lines = sorted(f.lines for f in functions)
    branches = sorted(f.branches for f in functions)
    ninetieth = int(len(functions) * 0.9)
    assert statistics.median(lines) <= 12
    assert lines[ninetieth] <= 30
    assert branches[ninetieth] <= 6


def test_the_budget_counts_branches_where_they_are():
    text = """
def f(a):
    if a: pass
    elif a + 1: pass
    for x in a:
        def g():
            if x: pass
    try: pass
    except OSError: pass
"""
    assert branches_of(ast.parse(text).body[0]) == 4


def test_no_module_has_a_name_that_says_nothing():
    for file in [*sources(), *(ROOT / "tests").rglob("*.py")]:
        parts = {part.strip("_") for part in file.relative_to(ROOT).with_suffix("").parts}
        assert not parts & FORBIDDEN_NAMES, relative(file)


def test_only_the_worker_the_plugin_loader_and_the_exception_hook_catch_everything():
    for file in sources():
        broad = [node.lineno for node in ast.walk(parsed(file)) if catches_all(node)]
        allowed = 1 if relative(file) in MAY_CATCH_ALL else 0
        assert len(broad) <= allowed, f"{relative(file)}: lines {broad}"


def catches_all(node: ast.AST) -> bool:
    """True for a handler that takes any exception and does not hand it on."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    last = node.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    names = [kind.id if isinstance(kind, ast.Name) else "" for kind in kinds if kind is not None]
    return node.type is None or bool({"Exception", "BaseException"} & set(names))


def test_packaging_is_no_python_package_since_it_would_hide_the_library_of_that_name():
    assert not (ROOT / "packaging" / "__init__.py").exists()


# --- what is documented


def public_definitions(body: list[ast.stmt], prefix: str) -> Iterator[tuple[ast.AST, str]]:
    """Public classes and functions of a module and the public methods of its public classes."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node, prefix + node.name
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{prefix}{node.name}.")


def promised() -> list[tuple[ast.AST, str]]:
    found = []
    for file in sources():
        if relative(file).startswith(DOCUMENTED):
            found += public_definitions(parsed(file).body, f"{relative(file)}: ")
    return found


def test_everything_public_in_api_document_jobs_and_models_says_what_it_is():
    silent = [name for node, name in promised() if not ast.get_docstring(node)]
    assert not silent, "\n".join(silent)


def test_everything_public_in_api_document_jobs_and_models_is_annotated():
    bare = [name for node, name in promised() if isinstance(node, ast.FunctionDef) and not annotated(node)]
    assert not bare, "\n".join(bare)


def annotated(node: ast.FunctionDef) -> bool:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    extra = [argument for argument in (node.args.vararg, node.args.kwarg) if argument]
    named = [argument for argument in (*arguments, *extra) if argument.arg not in ("self", "cls")]
    return node.returns is not None and all(argument.annotation is not None for argument in named)


def test_every_module_says_what_it_is_for():
    silent = [relative(file) for file in sources() if not ast.get_docstring(parsed(file))]
    assert not silent, "\n".join(silent)
