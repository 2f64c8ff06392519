"""The demo's data: scikit-learn's bundled digits, and Fashion-MNIST from idx files."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adamas.demo.mlp import Array

#: Where Debian's package dataset-fashion-mnist puts the files.
FASHION_DIR = Path("/usr/share/datasets/fashion-mnist")


@dataclass(frozen=True)
class Dataset:
    """Images as rows of float32 in [0, 1], labels as integers, split into training and test sets."""

    name: str
    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    classes: int


def load_digits(seed: int) -> Dataset:
    """Load 1,797 digits of 8x8 pixels (UCI Optical Recognition of Handwritten Digits); a fifth is held out."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    x, y = datasets.load_digits(return_X_y=True)
    x = (x / 16.0).astype(np.float32)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, stratify=y, random_state=seed)
    return Dataset("digits", x_train, y_train, x_test, y_test, 10)


def load_fashion_mnist(directory: Path | None) -> Dataset:
    """Load Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): 60,000 + 10,000 garments of 28x28 pixels.

    Raises:
        FileNotFoundError: The files are not there; the message says how to get them.
        ValueError: A file is damaged.
    """
    folder = FASHION_DIR if directory is None else directory
    parts = {}
    for part, count in (("train", 60_000), ("t10k", 10_000)):
        images = _read_idx(_find(folder, f"{part}-images-idx3-ubyte"), (count, 28, 28))
        labels = _read_idx(_find(folder, f"{part}-labels-idx1-ubyte"), (count,))
        if labels.max() > 9:
            raise ValueError(f"{folder}: a label of {part} is {labels.max()}, expected 0 to 9; get the file again")
        parts[part] = ((images.reshape(count, 784) / np.float32(255.0)).astype(np.float32), labels.astype(np.int64))
    return Dataset("fashion-mnist", *parts["train"], *parts["t10k"], 10)


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{folder / name}[.gz] not found. On Debian or Ubuntu, 'apt-get install dataset-fashion-mnist' puts it into "
        f"{FASHION_DIR}; elsewhere, get the four files from github.com/zalandoresearch/fashion-mnist and name their "
        "folder with --data-dir."
    )


def _read_idx(path: Path, shape: tuple[int, ...]) -> Array:
    """Read an idx file of unsigned bytes, which must have the given shape."""
    expected = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()
    size = int(np.prod(shape))
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            header = file.read(len(expected))
            body = file.read(size + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: damaged ({error}); get the file again") from error
    if header != expected or len(body) != size:
        raise ValueError(f"{path}: not an idx file of {' x '.join(map(str, shape))} unsigned bytes; get the file again")
    return np.frombuffer(body, np.uint8).reshape(shape)
