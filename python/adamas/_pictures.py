"""Style of all pictures: fonts, sizes, colours, markers, and the format of the files.

The pictures of ``bench``, of the demo, of the examples, of the tutorial and of `adamas.observe` are drawn with it.
Colours differ in lightness too, and each comes with a marker, so that a picture can be read in grey. Fonts can be read
at half size.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["GREY", "MARKERS", "SERIES", "in_order", "library_look", "picture", "series_look", "style"]

#: Of notes and of lines that are no data.
GREY = "#6b6b6b"

#: Colour, line and marker of the first, the second, ... series of a panel.
SERIES: tuple[dict[str, Any], ...] = (
    {"color": "#1a3a6b", "linestyle": "-", "marker": "o"},
    {"color": "#f0892b", "linestyle": "--", "marker": "s"},
    {"color": "#b5307a", "linestyle": ":", "marker": "^"},
    {"color": "#86d3ab", "linestyle": "-.", "marker": "D"},
    {"color": "#828282", "linestyle": (0, (5, 1, 1, 1, 1, 1)), "marker": "v"},
)

#: Of series whose colour has another meaning.
MARKERS = "osD^vX"

#: Colour and marker of each library, the same in every picture.
_LIBRARIES = {
    "adamas": ("#000000", "o"),
    "byte limit": ("#8a8a8a", "|"),
    "torch, fused": ("#d1361b", "s"),
    "torch, foreach": ("#ef7f2a", "D"),
    "torch, single": ("#dd9f2e", "^"),
    "torch, compiled": ("#7d1f10", "v"),
    "DeepSpeed CPUAdam": ("#1a3a6b", "P"),
    "optax, jit": ("#3c8fd0", "X"),
    "Keras (torch)": ("#b0389a", "*"),
    "scikit-learn": ("#0f7a4d", "h"),
    "thinc": ("#6cc08b", "<"),
    "autograd": ("#6a4fb3", ">"),
    "NumPy": ("#8c7b5a", "p"),
    "torchao 8-bit": ("#a8431f", "d"),
    "torchao fp8": ("#d99a7c", "H"),
    "torchao 4-bit": ("#5c2a17", "8"),
    "bitsandbytes 8-bit": ("#2a9db0", "X"),
}
_OTHER = ("#8a8a8a", "o")

_PIXELS_PER_INCH = 100
_SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 13,
    "figure.titlesize": 14,
    "axes.titlesize": 13,
    "legend.fontsize": 12,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "lines.linewidth": 2.0,
    "lines.markersize": 7.0,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.alpha": 0.35,
}


def series_look(number: int) -> dict[str, Any]:
    """Return colour, line and marker of a series, counted from 0; after the last the first follows again."""
    return SERIES[number % len(SERIES)]


def library_look(name: str) -> dict[str, Any]:
    """Return colour and marker of a library."""
    color, marker = _LIBRARIES.get(name, _OTHER)
    return {"color": color, "marker": marker}


def in_order(names: Iterable[str]) -> list[str]:
    """Return libraries in the order of all pictures, each of them once."""
    known = {name: place for place, name in enumerate(_LIBRARIES)}
    return sorted(dict.fromkeys(names), key=lambda name: known.get(name, len(known)))


@contextmanager
def style() -> Iterator[None]:
    """Let matplotlib draw with the fonts and sizes of all pictures."""
    import matplotlib as mpl  # noqa: PLC0415  # an extra, imported on demand

    with mpl.rc_context(_SETTINGS):
        yield


@contextmanager
def picture(path: Path, width: float, height: float, title: str = "") -> Iterator[Any]:
    """Give a figure to draw into; write it as a PNG file when all is drawn.

    Args:
        path: Of the file.
        width: In inches, of 100 pixels each.
        height: In inches.
        title: Of the figure.

    Raises:
        ImportError: matplotlib is not installed.
    """
    # Extras are imported on demand.
    from matplotlib.figure import Figure  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415  # a dependency of matplotlib

    with style():
        figure = Figure(figsize=(width, height), layout="constrained")
        if title:
            figure.suptitle(title)
        yield figure
        drawn = io.BytesIO()
        figure.savefig(drawn, dpi=_PIXELS_PER_INCH)
    with Image.open(drawn) as pixels:  # 256 colours are enough, and take a third of the bytes
        pixels.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, format="PNG", optimize=True)
