"""Arrays whose elements do not lie in memory one after another, or not at a multiple of their size."""

from __future__ import annotations

import numpy as np
from bits import Array


def strided(array: Array) -> Array:
    every_other: Array = np.repeat(array, 2, axis=-1)[..., ::2]
    return every_other


def misaligned(array: Array) -> Array:
    memory = np.zeros(array.nbytes + 1, np.uint8)
    view: Array = memory[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view
