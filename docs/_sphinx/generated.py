"""Pages that are written when the site is built: ``docs/generated/``, which git ignores."""

from __future__ import annotations

from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
GENERATED = DOCS / "generated"


class Pages:
    """The generated pages of one build: what has not changed keeps its time, what is no longer written is deleted."""

    def __init__(self) -> None:
        self._written: set[Path] = set()

    def write(self, name: str, text: str) -> None:
        """Write a page.

        Args:
            name: Path below ``docs/generated``.
            text: Its content.
        """
        path = GENERATED / name
        self._written.add(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")

    def delete_others(self) -> None:
        """Delete pages of earlier builds that this one did not write; Doxygen's files are its own."""
        for path in GENERATED.rglob("*"):
            if path.is_file() and path not in self._written and "doxygen" not in path.relative_to(GENERATED).parts:
                path.unlink()


def heading(text: str, underline: str = "=") -> str:
    """Return a heading in reStructuredText."""
    return f"{text}\n{underline * len(text)}\n\n"


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table in reStructuredText, in a box that scrolls where the screen is narrow."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [header, *rows]:
        lines += [f"   {'*' if i == 0 else ' '} - {cell}" for i, cell in enumerate(row)]
    return "\n".join(lines) + "\n\n"
