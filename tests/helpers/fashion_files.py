"""Files in the format of Fashion-MNIST, which are easy to tell apart."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np


def write_idx(folder: Path, name: str, array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Path:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path = folder / f"{name}.gz"
    path.write_bytes(gzip.compress(header + array.tobytes(), 1))
    return path


def write_garments(folder: Path) -> None:
    """Write the four files of the dataset: each class is a bar at another height."""
    rng = np.random.default_rng(0)
    for part, count in (("train", 60_000), ("t10k", 10_000)):
        labels = rng.integers(0, 10, count).astype(np.uint8)
        images = np.zeros((count, 28, 28), np.uint8)
        images[np.arange(count), labels * 2 + 3] = 200
        write_idx(folder, f"{part}-images-idx3-ubyte", images)
        write_idx(folder, f"{part}-labels-idx1-ubyte", labels)
