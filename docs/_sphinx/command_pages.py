"""The help texts of the command line, as the program prints them."""

from __future__ import annotations

import contextlib
import io
import os
import textwrap

from generated import Pages, heading

from adamas import cli

COMMANDS = ("", "info", "demo", "inspect", "bench")


def write_command_pages(pages: Pages) -> None:
    """Write the part of the page on the command line that is generated."""
    pages.write("command_line.rst", "".join(_section(command) for command in COMMANDS))


def _section(command: str) -> str:
    title = f"adamas {command}".strip()
    return heading(title, "-") + f".. code-block:: text\n\n{textwrap.indent(help_text(command), '   ')}\n"


def help_text(command: str) -> str:
    """Return what ``adamas COMMAND --help`` prints on a terminal of 100 columns."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "100"
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            cli.main([*command.split(), "--help"])
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return printed.getvalue()
