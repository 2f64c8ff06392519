"""The optimizers of HIPS autograd, computed by adamas.

::

    from adamas.autograd import adam   # instead of autograd.misc.optimizers

    params = adam(grad(loss), params, num_iters=1000, step_size=0.01)

`adam`, `rmsprop` and `sgd` have the arguments, defaults and results of ``autograd.misc.optimizers``, up to rounding.
`optimize` does the same with every rule of adamas. Parameters are numbers, arrays, or lists, tuples and dicts of these,
nested as you like. They are not changed: each function returns new ones. autograd itself is not needed, and gradients
may come from anywhere.
"""

from __future__ import annotations

from adamas.autograd._optimizers import adam, optimize, rmsprop, sgd

__all__ = [
    "adam",
    "optimize",
    "rmsprop",
    "sgd",
]
