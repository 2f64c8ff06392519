"""Types that annotations use everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, SupportsFloat, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

#: A learning rate, or a function that gives it for the number of steps taken so far (0 at the first).
LearningRate: TypeAlias = "SupportsFloat | Callable[[int], SupportsFloat]"
