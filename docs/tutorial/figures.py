#!/usr/bin/env python3
"""Pictures of the tutorial, drawn from what the Python blocks of its pages compute.

    python docs/tutorial/figures.py            # runs the pages, stores the curves, draws the pictures
    python docs/tutorial/figures.py --check    # runs the pages, and compares with the stored curves; draws nothing

`pictures/curves.json` has the curves, with at most 80 points each. Every picture contains the digest of its curves, so
that a test finds a picture that was drawn from other curves.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import math
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from figure_list import FIGURES, Panel
from matplotlib.ticker import MaxNLocator
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import adamas
from adamas._pictures import picture, series_look

HERE = Path(__file__).resolve().parent
PICTURES = HERE / "pictures"
STORED = PICTURES / "curves.json"
PAGES = sorted(page.name for page in HERE.glob("[0-9]*.md"))
#: The most points of a stored curve.
POINTS = 80
#: How far a number may be from the stored one, since sums differ from one BLAS to another.
RELATIVE = 0.02

#: By panel, "x" and the label of each curve.
Curves: TypeAlias = dict[str, dict[str, list[float | None]]]


@dataclass(frozen=True)
class Block:
    """A Python block of a page, and the output that the page shows below it, if any."""

    code: str
    output: str | None
    line: int

    @property
    def file(self) -> str | None:
        """The file that the reader saves this block as, if its first line names one."""
        match = re.match(r"# (\w+\.py)\b", self.code)
        return match[1] if match else None


def blocks(page: Path) -> list[Block]:
    """Return the Python blocks of a page."""
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)
    return [Block(m[1], m[2], text.count("\n", 0, m.start()) + 2) for m in pattern.finditer(text)]


def run_page(page: Path) -> tuple[dict[str, Any], list[tuple[Block, str]]]:
    """Run the blocks of a page in the current folder, one after the other.

    Returns:
        The variables at the end, and each block with what it has printed.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    printed = []
    for block in blocks(page):
        stream = io.StringIO()
        if block.file:
            Path(block.file).write_text(block.code, encoding="utf-8")
        else:
            code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
            with contextlib.redirect_stdout(stream):
                exec(code, namespace)
        printed.append((block, stream.getvalue()))
    return namespace, printed


@contextlib.contextmanager
def reader_folder(path: Path) -> Iterator[None]:
    """Work as a reader does, who saves files into one folder and imports them from there."""
    before, modules = Path.cwd(), set(sys.modules)
    environment = os.environ.get("PYTHONPATH")
    os.chdir(path)
    sys.path.insert(0, str(path))
    # For the processes that a page starts, where adamas is not installed but on the path.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(Path(adamas.__file__).parents[1]), environment]))
    try:
        yield
    finally:
        os.chdir(before)
        sys.path.remove(str(path))
        if environment is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = environment
        for name in set(sys.modules) - modules:
            if str(path) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


def chosen_points(count: int, scale: str) -> list[int]:
    """Return the indices of the points to store, evenly spread on the axis."""
    if count <= POINTS:
        return list(range(count))
    if scale == "log":
        return sorted({round(count ** (i / (POINTS - 1))) - 1 for i in range(POINTS)})
    return sorted({round(i * (count - 1) / (POINTS - 1)) for i in range(POINTS)})


def short(value: float) -> float | None:
    """Return a number with five digits; None if it is not finite, as JSON has no NaN."""
    return float(f"{value:.5g}") if math.isfinite(value) else None


def curves_of(panels: tuple[Panel, ...], namespace: Mapping[str, Any]) -> Curves:
    """Return the thinned curves of a figure."""
    found: Curves = {}
    for panel in panels:
        curves = namespace[panel.variable]
        count = max(len(values) for values in curves.values())
        x = namespace[panel.x] if panel.x else range(1, count + 1)
        points = chosen_points(count, panel.xscale)
        found[panel.variable] = {"x": [short(float(x[i])) for i in points]} | {
            label: [short(float(values[i])) for i in points] for label, values in curves.items()
        }
    return found


def digest(curves: Curves) -> str:
    """Return what tells curves from other curves."""
    return hashlib.sha256(json.dumps(curves, sort_keys=True).encode()).hexdigest()


def differences(found: Curves, stored: Curves) -> list[str]:
    """Return where curves are not those that are stored, in words."""
    if {panel: list(curves) for panel, curves in found.items()} != {p: list(c) for p, c in stored.items()}:
        return ["other panels or curves than stored"]
    wrong = []
    for panel, curves in found.items():
        for label, values in curves.items():
            known = stored[panel][label]
            finite = [abs(value) for value in known if value is not None]
            slack = 0.002 * max(finite, default=0.0)
            same = len(values) == len(known) and all(
                (a is None) == (b is None) and (a is None or b is None or abs(a - b) <= RELATIVE * abs(b) + slack)
                for a, b in zip(values, known, strict=True)
            )
            if not same:
                wrong.append(f"{panel}: {label}")
    return wrong


def draw(panels: tuple[Panel, ...], curves: Curves, path: Path) -> None:
    """Draw a figure in the style of all pictures, and write the digest of its curves into the file."""
    with picture(path, 5.4 * len(panels) if len(panels) > 1 else 7.2, 5.4) as figure:
        for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            lines = dict(curves[panel.variable])
            x = lines.pop("x")
            for number, (label, values) in enumerate(lines.items()):
                y = [math.nan if value is None else value for value in values]
                # Thinner from line to line, so that one on top of another lets it be seen.
                look = series_look(number) | {"marker": panel.marker, "linewidth": 3.2 - 0.3 * number}
                axes.plot(x, y, label=label, **look)
            axes.set(xlabel=panel.xlabel, ylabel=panel.ylabel, xscale=panel.xscale, yscale=panel.yscale)
            if panel.xscale == "linear":
                axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
            axes.set_title(panel.title)
            axes.set_ylim(*panel.ylim)
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), frameon=False)
    note = PngInfo()
    note.add_text("curves", digest(curves))
    with Image.open(path) as drawn:
        drawn.load()
        drawn.save(path, optimize=True, pnginfo=note)


def digest_in(picture: Path) -> str:
    """Return the digest of the curves that a picture was drawn from."""
    with Image.open(picture) as image:
        return str(image.info.get("curves"))


def main() -> int:
    """Run the pages; store curves and draw pictures, or compare."""
    parser = argparse.ArgumentParser(description="Pictures of the tutorial.")
    parser.add_argument("--check", action="store_true", help="compare with the stored curves, and draw nothing")
    parser.add_argument("pages", nargs="*", default=PAGES, help="default: all pages")
    arguments = parser.parse_args()
    stored: dict[str, Curves] = json.loads(STORED.read_text()) if STORED.exists() else {}
    wrong = []
    with tempfile.TemporaryDirectory() as folder, reader_folder(Path(folder)):
        for page in PAGES:  # a page may import what an earlier one saves
            if page not in arguments.pages:
                for block in filter(lambda block: block.file, blocks(HERE / page)):
                    Path(str(block.file)).write_text(block.code, encoding="utf-8")
                continue
            print(f"running {page}", flush=True)
            namespace, _ = run_page(HERE / page)
            for name, panels in FIGURES.get(page, {}).items():
                curves = curves_of(panels, namespace)
                if arguments.check:
                    wrong += [f"{name}: {text}" for text in differences(curves, stored.get(name, {}))]
                else:
                    stored[name] = curves
                    draw(panels, curves, PICTURES / f"{name}.png")
    if not arguments.check:
        known = [name for figures in FIGURES.values() for name in figures]
        stored = {name: stored[name] for name in known if name in stored}
        STORED.write_text(json.dumps(stored, separators=(",", ":")).replace('},"', '},\n"') + "\n")
    print("\n".join(wrong) or ("all curves are as stored" if arguments.check else f"drawn into {PICTURES}"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
