"""Documentation that cannot lie: commands run, tables equal the code, generated files are fresh."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.cli.app import app
from provisioner.cli.schemas import SCHEMAS, schema_text
from provisioner.resources import ALL
from provisioner.steps import exits
from tests import proven

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _sessions(page: Path) -> list[tuple[str, str]]:
    """Commands and what they printed, from all console blocks of a page."""
    blocks = "".join(CONSOLE.findall(page.read_text("utf-8")))
    parts = re.split(r"^\$ (.*)\n", blocks, flags=re.MULTILINE)[1:]
    return [
        (c, said) for c, said in zip(parts[::2], parts[1::2], strict=True) if c.startswith("provisioner ")
    ]


@pytest.mark.skipif(os.name == "nt", reason="the sessions are written for a POSIX shell")
@pytest.mark.parametrize("page", [p for p in PAGES if _sessions(p)], ids=lambda page: page.name)
def test_sessions_print_what_the_page_says(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sites", tmp_path / "sites")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PROVISIONER_STATE": str(tmp_path / "state"), "PATH": path}
    try:
        for command, expected in _sessions(page):
            ran = subprocess.run(
                command,
                shell=True,
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert ran.stdout == expected, (command, ran.stderr)
    finally:
        subprocess.run(
            "provisioner lab down",
            shell=True,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
        )


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_fresh(name: str) -> None:
    """If this fails: provisioner schema --write schemas"""
    assert (ROOT / "schemas" / f"{name}.schema.json").read_text("ascii") == schema_text(name)


def test_what_is_proven_where_is_fresh() -> None:
    """If this fails: python tests/proven.py > docs/proven.md"""
    assert (ROOT / "docs" / "proven.md").read_text("utf-8") == proven.page()


def test_every_exit_code_is_in_the_readme() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| ([^|]*) \|$", README, re.MULTILINE))
    assert {int(code): words for code, words in rows.items()} == exits.MEANING


def test_every_kind_is_in_the_readme() -> None:
    for kind in ALL:
        assert f"| `{kind.place()}` |" in README


def test_every_verb_is_documented() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    for command in app.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__
        assert f"provisioner {name}" in text or f"`{name}`" in text, name


def test_the_two_commands_stand_whole() -> None:
    venv = "python3 -m venv .venv && . .venv/bin/activate && "
    assert f"\n{venv}pip install -e . && provisioner demo\n" in README
    assert f"\n{venv}pip install -e '.[test]' && pytest\n" in README


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), (page.name, target)


def test_every_test_named_in_the_readme_exists() -> None:
    for path in re.findall(r"`(tests/[\w/]+\.py)`", README):
        assert (ROOT / path).exists(), path


def test_nothing_of_another_place_is_in_the_repository() -> None:
    """Examples use documentation addresses only; no path of a machine stands anywhere."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    allowed = re.compile(r"^(192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|127\.|0\.0\.0\.0|255\.)")
    for name in (n for n in listed.split() if n.endswith((".yaml", ".md"))):
        text = (ROOT / name).read_text("utf-8")
        for address in re.findall(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b", text):
            assert allowed.match(address), (name, address)
