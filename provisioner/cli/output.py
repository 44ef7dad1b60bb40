"""The one place that writes to the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from provisioner.cli.flags import Format
from provisioner.errors import ProvisionerError

if TYPE_CHECKING:
    from provisioner.views.human import Human
    from provisioner.views.json import Json


def say(text: str) -> None:
    """To standard output, at once."""
    _write(sys.stdout, text)


def complain(text: str) -> None:
    """To standard error."""
    _write(sys.stderr, text)


def _write(stream: TextIO | None, text: str) -> None:
    """A reader that has gone (`| head`) ends our words, not what is being done on the hosts."""
    if stream is None or stream.closed:
        return
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        # Python flushes once more at exit, and would complain of the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def view_for(format_: Format, verbose: int = 0) -> Human | Json:
    """The view of a format."""
    if format_ is Format.JSON:
        from provisioner.views.json import Json

        return Json()
    from provisioner.views.human import Human

    return Human(colour=_coloured(sys.stdout), verbose=verbose)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal's standard error, nothing otherwise; give the yielded function what is done."""
    if sys.stderr is None or not sys.stderr.isatty() or total == 0:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda _: bar.advance(task)


def tell_error(error: ProvisionerError, arguments: Sequence[str] | None) -> None:
    """An error in the format that was asked for: JSON on standard output, words on standard error."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    pairs = zip(given, [*given[1:], ""], strict=True)
    if "--format=json" in given or ("--format", "json") in pairs:
        say(view_for(Format.JSON).error(error))
    else:
        from provisioner.views.human import Human

        complain(Human(colour=_coloured(sys.stderr)).error(error))


def _coloured(stream: TextIO | None) -> bool:
    """Colour only on a terminal, and not where NO_COLOR is set (no-color.org)."""
    return (
        stream is not None
        and stream.isatty()
        and "NO_COLOR" not in os.environ
        and os.environ.get("TERM") != "dumb"
    )
