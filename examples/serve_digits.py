"""Classify PNG images with the network that digits_numpy.py has trained. No code of the training is imported.

    python digits_numpy.py --samples 8
    python serve_digits.py example-runs/digits_numpy/model.safetensors example-runs/digits_numpy/samples/*.png

Shows how to read a checkpoint without an optimizer: adamas.checkpoint.read verifies the checksums, executes nothing,
and returns the parameters by name. This program checks that they belong to a network that it knows before it uses them.

Copy this file alone: it needs ``pip install 'adamas[examples]'``, and a checkpoint of digits_numpy.py.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path

import numpy as np

from adamas import checkpoint
from adamas.checkpoint import CheckpointError
from adamas.demo.extras import require
from adamas.demo.kinds import KINDS, Kind
from adamas.demo.mlp import Array, Layers, forward, softmax
from adamas.demo.options import positive_int
from adamas.demo.pictures import new_picture, series_look
from adamas.demo.program import run_program


def read_model(path: Path) -> tuple[Layers, Kind]:
    """Read the layers, and find out by their sizes which images they are for.

    Raises:
        CheckpointError: The file is no checkpoint, is damaged, or is of another model.
        FileNotFoundError: There is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file; digits_numpy.py makes one")
    params = checkpoint.read(path).params
    names = [f"{i}.{key}" for i in range(len(params) // 2) for key in ("w", "b")]
    if not names or sorted(params) != sorted(names):
        found = ", ".join(sorted(params)[:6]) or "none"
        raise CheckpointError(
            f"{path}: is of another model: expected parameters 0.w, 0.b, 1.w, ... as digits_numpy.py has, found {found}"
        )
    layers: Layers = [{key: params[f"{i}.{key}"] for key in ("w", "b")} for i in range(len(params) // 2)]
    if any(layer["w"].ndim != 2 or layer["b"].shape != layer["w"].shape[1:] for layer in layers) or any(
        one["w"].shape[1] != following["w"].shape[0] for one, following in itertools.pairwise(layers)
    ):
        shapes = ", ".join(f"{layer['w'].shape} with {layer['b'].shape}" for layer in layers)
        raise CheckpointError(f"{path}: is of another model: weights and biases of shapes {shapes} are no perceptron")
    inputs, outputs = layers[0]["w"].shape[0], layers[-1]["b"].size
    for kind in KINDS:
        if (kind.side**2, len(kind.classes)) == (inputs, outputs):
            return layers, kind
    known = " or ".join(f"{kind.side**2} ({kind.name})" for kind in KINDS)
    raise CheckpointError(
        f"{path}: is of another model: expected {known} inputs and 10 classes, found {inputs} and {outputs}"
    )


def read_image(path: Path, kind: Kind, invert: bool) -> Array:
    """Read a PNG file as one row of float32 in [0, 1].

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no image, or not one as the model was trained on.
    """
    from PIL import Image, UnidentifiedImageError

    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.size != (kind.side, kind.side):
                raise ValueError(
                    f"{path}: expected an image of {kind.side} x {kind.side} pixels, as the model was trained on "
                    f"({kind.name}), got {image.width} x {image.height}; resize it first"
                )
            if image.mode not in ("1", "L", "P", "RGB"):
                raise ValueError(f"{path}: expected 8-bit grey or RGB without transparency, got mode {image.mode}")
            pixels = np.asarray(image.convert("L"), np.float32)
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, OSError) as error:
        raise ValueError(f"{path}: is no PNG image, or is damaged ({error})") from error
    row: Array = pixels.reshape(-1) / np.float32(255.0)
    return np.float32(1.0) - row if invert else row


def draw(images: Array, probabilities: Array, kind: Kind, path: Path) -> None:
    """Draw each image above the probabilities of its classes; the first eight."""
    count = min(len(images), 8)
    width = max(2.0, 1.2 + 1.15 * count)
    with new_picture(path, "probability of each class", count, lines=2, width=width, height=4.5) as panels:
        for i, (image, bars) in enumerate(zip(panels[:count], panels[count:], strict=True)):
            image.imshow(images[i].reshape(kind.side, -1), cmap="gray", vmin=0.0, vmax=1.0)
            image.set(xticks=[], yticks=[], title=kind.classes[int(probabilities[i].argmax())])
            bars.barh(range(len(kind.classes)), probabilities[i], color=series_look(0)["color"])
            bars.set(xlim=(0.0, 1.0), xticks=[0, 1])
            bars.set_yticks(range(len(kind.classes)), kind.classes if i == 0 else [""] * len(kind.classes))
            bars.invert_yaxis()


def main() -> None:
    """Classify the files that the command line names."""
    parser = argparse.ArgumentParser(
        prog="serve_digits.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path, help="file that digits_numpy.py has written")
    parser.add_argument("images", type=Path, nargs="+", help="PNG files: bright on dark, 8 x 8 or 28 x 28 pixels")
    parser.add_argument("--top", type=positive_int, default=3, help="likeliest classes shown; default: %(default)s")
    parser.add_argument("--invert", action="store_true", help="the images are dark on bright")
    parser.add_argument("--json", action="store_true", help="print all probabilities as JSON")
    parser.add_argument("--picture", type=Path, help="draw images and probabilities into this PNG file")
    arguments = parser.parse_args()
    needed = ("PIL", "safetensors", *(("matplotlib",) if arguments.picture else ()))
    require("this example", needed, "examples")

    layers, kind = read_model(arguments.checkpoint)
    images = np.stack([read_image(path, kind, arguments.invert) for path in arguments.images])
    probabilities = softmax(forward(layers, images)[-1])

    if arguments.picture is not None:
        draw(images, probabilities, kind, arguments.picture)
    if arguments.json:
        result = {
            str(path): dict(zip(kind.classes, map(float, row), strict=True))
            for path, row in zip(arguments.images, probabilities, strict=True)
        }
        print(json.dumps(result, indent=2))
        return
    width = max(len(str(path)) for path in arguments.images)
    for path, row in zip(arguments.images, probabilities, strict=True):
        likeliest = np.argsort(-row)[: arguments.top]
        print(f"{path!s:<{width}}  " + "  ".join(f"{kind.classes[i]} {row[i]:.3f}" for i in likeliest))


if __name__ == "__main__":
    sys.exit(run_program(main))
