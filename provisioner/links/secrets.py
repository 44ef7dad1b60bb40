"""Following a reference to a secret. Called by links, while they write bytes; errors never hold a value."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import SecretStr

from provisioner.errors import SecretError
from provisioner.resources.base import Secret

LARGEST_SECRET = 64 * 1024
"""Bytes."""
COMMAND_SECONDS = 60


def reveal(
    secret: Secret, *, base: Path, allowed_folders: Sequence[Path] = (), allow_command: bool = False
) -> SecretStr:
    """The secret's value, wrapped so that it is not shown by accident.

    A file is relative to `base` (the site folder) and must lie below it or one of `allowed_folders`, links
    resolved. Raises `SecretError`.
    """
    match secret:
        case Secret("env", str(name)):
            return _from_environment(name)
        case Secret("file", str(path)):
            return _from_file(base / path, (base, *allowed_folders))
        case Secret("command", tuple(words)):
            return _from_command(words, base, allow_command)
    raise SecretError("a secret refers to nothing that is known.", next_step="Write {env: NAME}.")


def blotted(text: str, values: Iterable[str]) -> str:
    """The text with `(secret)` in the place of each of these values."""
    for value in sorted(filter(None, values), key=len, reverse=True):
        text = text.replace(value, "(secret)")
    return text


def _from_environment(name: str) -> SecretStr:
    value = os.environ.get(name)
    if not value:
        state = "is not set" if value is None else "is empty"
        raise SecretError(f"the environment variable {name} {state}.", next_step=f"Set {name} and run again.")
    return SecretStr(value)


def _from_file(path: Path, folders: Sequence[Path]) -> SecretStr:
    try:
        real = path.resolve(strict=True)
        if not any(real.is_relative_to(folder.resolve()) for folder in folders):
            raise SecretError(
                f"the secret file {path} lies outside the site folder.",
                next_step="Move it below the site folder or name its folder as allowed.",
            )
        if not real.is_file():
            raise SecretError(f"the secret {path} is no regular file.", next_step="Name a text file.")
        with real.open("rb") as file:
            content = file.read(LARGEST_SECRET + 1)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise SecretError(
            f"the secret file {path} cannot be read: {reason}.", next_step="Check path and access rights."
        ) from None
    return _as_text(content, f"the secret file {path}")


def _from_command(words: Sequence[str], base: Path, allowed: bool) -> SecretStr:
    program = words[0]
    if not allowed:
        raise SecretError(
            f"the manifest wants to run {program} for a secret, and commands are not allowed.",
            next_step="Look at the command in the manifest, then run with --allow-command.",
        )
    try:
        done = subprocess.run(  # noqa: S603
            list(words),
            cwd=base,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SecretError(
            f"{program} gave no secret within {COMMAND_SECONDS} s.", next_step="Run it by hand to see why."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable command"
        raise SecretError(f"{program} cannot be run: {reason}.", next_step="Check the command.") from None
    if done.returncode:
        raise SecretError(
            f"{program} gave no secret and ended with {done.returncode}.",
            next_step="Run it by hand to see why.",
        )
    return _as_text(done.stdout, f"the output of {program}")


def _as_text(content: bytes, what: str) -> SecretStr:
    """One line end at the end is the editor's or the program's, not the secret's."""
    if len(content) > LARGEST_SECRET:
        raise SecretError(f"{what} is larger than 64 KiB.", next_step="Give the secret alone.")
    try:
        value = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SecretError(f"{what} is not UTF-8 text.", next_step="Save the secret as UTF-8.") from None
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise SecretError(f"{what} is empty.", next_step="Put the secret there.")
    return SecretStr(value)
