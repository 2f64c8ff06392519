"""Update rules written out from the papers, in Python floats, one element at a time: independent of the library."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any


def adam(p: float, options: dict[str, Any]) -> Generator[float, float, None]:
    """Adam, by the algorithms of the papers; send in gradients, get parameters.

    Kingma and Ba 2015, Algorithm 1, and the end of section 2 for epsilon hat; Reddi et al. 2018, Algorithm 2, with the
    bias correction of PyTorch; Loshchilov and Hutter 2019, Algorithm 2, with the decay multiplied by lr as in PyTorch.
    """
    lr, (b1, b2), eps = options["lr"], options["betas"], options["eps"]
    m = v = v_max = 0.0
    t = 0
    while True:
        g = yield p
        t += 1
        if options["maximize"]:
            g = -g
        if options["decoupled_weight_decay"]:
            p = p - lr * options["weight_decay"] * p
        else:
            g = g + options["weight_decay"] * p
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        v_max = max(v_max, v)
        second = v_max if options["amsgrad"] else v
        c1, c2 = (1 - b1**t, 1 - b2**t) if options["bias_correction"] else (1.0, 1.0)
        if options["eps_hat"]:
            p = p - lr * math.sqrt(c2) / c1 * m / (math.sqrt(second) + eps)
        else:
            p = p - lr * (m / c1) / (math.sqrt(second / c2) + eps)
