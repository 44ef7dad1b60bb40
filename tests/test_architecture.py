"""The shape of the package, as numbers and contracts that can be broken."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "provisioner"
MODULES = sorted(PACKAGE.rglob("*.py"))

HOMES = {
    "ruamel": {"manifest", "lab"},
    "jinja2": {"manifest", "views"},
    "httpx": {"links"},
    "winrm": {"links"},
    "av": {"links", "lab"},
    "deepdiff": {"steps"},
    "spnego": {"lab"},
    "typer": {"cli"},
    "platformdirs": {"records"},
}


HEAVY = {"winrm", "requests", "pydantic", "ruamel.yaml", "jinja2", "deepdiff", "spnego", "rich"}


def _imports(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def _function_lengths() -> list[int]:
    lengths = []
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                first = body[0].lineno if body else node.lineno
                lengths.append((node.end_lineno or node.lineno) - first + 2)
    return lengths


def test_functions_are_short() -> None:
    lengths = _function_lengths()
    assert statistics.median(lengths) <= 8
    assert max(lengths) <= 60


def test_files_fit_in_the_head() -> None:
    long = {
        str(m.relative_to(ROOT)): n for m in MODULES if (n := len(m.read_text("utf-8").splitlines())) > 400
    }
    assert long == {}


def test_no_module_is_in_an_import_cycle() -> None:
    """Type-only imports count: grimp sees them all."""
    graph = grimp.build_graph("provisioner", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # raises CycleError and names the circle


def test_import_contract_is_kept() -> None:
    lint = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    kept = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True, check=False)
    assert kept.returncode == 0, kept.stdout


@pytest.mark.parametrize(("library", "rooms"), sorted(HOMES.items()))
def test_each_library_has_its_home(library: str, rooms: set[str]) -> None:
    used = {m.relative_to(PACKAGE).parts[0] for m in MODULES if library in _imports(m)}
    assert used <= rooms


def test_only_the_command_line_prints() -> None:
    """`print` and `sys.stdout` stay in one file; the lab's process writes its log to standard error."""
    writers = {
        str(m.relative_to(PACKAGE))
        for m in MODULES
        for node in ast.walk(ast.parse(m.read_text("utf-8")))
        if (isinstance(node, ast.Name) and node.id == "print")
        or (isinstance(node, ast.Attribute) and node.attr == "stdout" and ast.unparse(node) == "sys.stdout")
    }
    assert writers <= {"cli/output.py", "cli/__init__.py", "cli/applying.py"}


def test_help_imports_nothing_heavy() -> None:
    """Start-up is bounded by what is imported; seconds are measured in benchmarks/, not here."""
    code = (
        "import sys; from provisioner.cli import run; run(['--help']); "
        f"print('HEAVY', sorted({HEAVY} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "HEAVY []"
