"""Following references: what is found, what is refused, and that no error holds a value."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from provisioner.errors import SecretError
from provisioner.links.secrets import LARGEST_SECRET, reveal
from provisioner.resources.base import Secret

VALUE = "hunter2 \N{SNOWMAN}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site folder in which `password` holds the value; `outside` lies beside it."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "password").write_bytes(f"{VALUE}\r\n".encode())
    (tmp_path / "outside").write_bytes(VALUE.encode())
    return site


def refusal(secret: Secret, folder: Path, *, allow_command: bool = False) -> str:
    with pytest.raises(SecretError) as refused:
        reveal(secret, base=folder, allow_command=allow_command)
    assert refused.value.exit_code == 3
    told = f"{refused.value!s} {refused.value!r} {refused.value.__cause__!r}"
    assert "hunter2" not in told and refused.value.next_step
    return told


def program(code: str) -> Secret:
    return Secret("command", (sys.executable, "-c", code))


def test_from_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARBOUR_WINRM", VALUE)
    found = reveal(Secret("env", "HARBOUR_WINRM"), base=folder)
    assert found.get_secret_value() == VALUE and "hunter2" not in f"{found!s}{found!r}"


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_says_nothing_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("HARBOUR_WINRM", raising=False)
    if value is not None:
        monkeypatch.setenv("HARBOUR_WINRM", value)
    assert "HARBOUR_WINRM" in refusal(Secret("env", "HARBOUR_WINRM"), folder)


def test_from_a_file_without_its_line_end(folder: Path) -> None:
    assert reveal(Secret("file", "password"), base=folder).get_secret_value() == VALUE
    (folder / "lines").write_bytes(b"two\n\n")
    assert reveal(Secret("file", "lines"), base=folder).get_secret_value() == "two\n"


def test_from_a_folder_that_is_named(folder: Path) -> None:
    outside = Secret("file", "../outside")
    assert "outside the site folder" in refusal(outside, folder)
    assert reveal(outside, base=folder, allowed_folders=[folder.parent]).get_secret_value() == VALUE


def test_an_absolute_path_is_no_way_out(folder: Path) -> None:
    assert "outside the site folder" in refusal(Secret("file", str(folder.parent / "outside")), folder)


def test_a_link_is_no_way_out(folder: Path) -> None:
    try:
        (folder / "link").symlink_to(folder.parent / "outside")
    except OSError:
        pytest.skip("this system makes no symbolic links for us")
    assert "outside the site folder" in refusal(Secret("file", "link"), folder)


def test_files_that_hold_no_secret(folder: Path) -> None:
    (folder / "large").write_bytes(b"hunter2" * LARGEST_SECRET)
    (folder / "latin").write_bytes(b"hunter2 \xe4")
    (folder / "empty").write_bytes(b"\n")
    (folder / "folder").mkdir()
    told = {
        name: refusal(Secret("file", name), folder) for name in ("large", "latin", "empty", "folder", "gone")
    }
    assert "64 KiB" in told["large"] and "UTF-8" in told["latin"] and "empty" in told["empty"]
    assert "regular file" in told["folder"] and "cannot be read" in told["gone"]
    assert "cannot be read" in refusal(Secret("file", "a\0b"), folder)


def test_a_command_runs_only_where_allowed(folder: Path) -> None:
    touch = program("open('ran', 'w'); print('hunter2')")
    assert "--allow-command" in refusal(touch, folder) and not (folder / "ran").exists()
    assert reveal(touch, base=folder, allow_command=True).get_secret_value() == "hunter2"
    assert (folder / "ran").exists()


def test_a_command_is_not_given_to_a_shell(folder: Path) -> None:
    echo = Secret("command", (sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME; echo x"))
    assert reveal(echo, base=folder, allow_command=True).get_secret_value() == "$HOME; echo x"


def test_commands_that_fail(folder: Path) -> None:
    fails = program("import sys; print('hunter2'); print('hunter2', file=sys.stderr); sys.exit(3)")
    assert "ended with 3" in refusal(fails, folder, allow_command=True)
    assert "is empty" in refusal(program("pass"), folder, allow_command=True)
    assert "cannot be run" in refusal(
        Secret("command", ("no-such-program-here",)), folder, allow_command=True
    )
