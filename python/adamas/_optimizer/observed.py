"""Measurements of an observed step, for each parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from adamas._types import Array

#: What engines measure, in order: ``cpp/include/adamas/observation.hpp`` says what each is.
MEASURES = (
    "count",
    "grad_square",
    "grad_largest",
    "grad_zero",
    "grad_nonfinite",
    "grad_clipped",
    "update_square",
    "update_largest",
    "update_flushed",
    "param_square",
    "param_largest",
    "param_nonfinite",
    "moment_square",
    "moment_product",
    "below_eps",
    "moment_lost",
    "lr",
    "clip_coefficient",
)


class Observed(Mapping[str, dict[str, float]]):
    """Measurements of an observed step: for each quantity an array with one number for each parameter, in float64.

    The gradient is the given one, accumulated gradients included, divided by ``grad_scale`` and not yet clipped. The
    update is the parameter after the step minus the parameter before it, as it really happened: weight decay and
    rounding are part of it. Both, and the parameter, are taken as they are computed with, so a 16-bit parameter with a
    master or low bits counts with those.

    A share is a number from 0 to 1. A number is NaN where there is nothing to tell: for parameters that had no
    gradient, have no elements, or take gradients of single rows (the option ``sparse``), and for what the rule does not
    have. The numbers are the same, bit for bit, on every processor and for every number of threads.

    ``observed["w"]`` is a dict of all quantities of one parameter.

    Attributes:
        step: The number of the step, from 1.
        names: The names of the parameters, by which ``opt.state`` has their states.
        formats: For each parameter its dtype, what is kept of its rounding ("none", "stochastic", "kahan", "master",
            "split32" or "split24"), and the format of its states.
        grad_rms: Root mean square of the gradient.
        grad_max: Its largest magnitude; NaN is ignored.
        grad_zero: Share of its elements that are zero.
        grad_nonfinite: Share of its elements that are infinite or NaN.
        grad_clipped: Share of its elements that ``max_value`` has clipped.
        clip_coefficient: What ``max_norm`` has multiplied it by, at most 1.
        update_rms: Root mean square of the update.
        update_max: Its largest magnitude.
        update_ratio: ``update_rms / param_rms``, the relative size of the update. Infinite for a parameter of zeros.
        update_flushed: Share of elements that did not change although their gradient is not zero: rounding took the
            whole update. Of the elements whose gradient is not zero.
        param_rms: Root mean square of the parameter before the step.
        param_max: Its largest magnitude.
        param_nonfinite: Share of elements that are infinite or NaN after the step.
        cosine: Of the angle between the step downhill (the negative update) and the first moment before it: near 1, the
            step goes on in the old direction. Of rules that keep an ``exp_avg`` or a momentum buffer.
        below_eps: Share of elements whose ``sqrt(v)``, with its bias correction, is smaller than ``eps``, which then
            decides the size of their update. Of the elements whose gradient is not zero; of rules that divide by
            ``sqrt(v)/sqrt(1 - beta2^t) + eps``.
        moment_lost: Share of elements whose second moment was not kept by ``state_dtype``: in bfloat16 it is what it
            was before, in int8 and int4 it stands at the lowest code of its block. Of the elements whose gradient is
            not zero; NaN for float32 and float64 states.
        lr: Learning rate of the parameter's group.
    """

    #: The names of all quantities.
    quantities = (
        *("grad_rms", "grad_max", "grad_zero", "grad_nonfinite", "grad_clipped", "clip_coefficient"),
        *("update_rms", "update_max", "update_ratio", "update_flushed"),
        *("param_rms", "param_max", "param_nonfinite"),
        *("cosine", "below_eps", "moment_lost", "lr"),
    )

    def __init__(
        self, step: int, measures: Array, names: tuple[str, ...], formats: tuple[tuple[str, str, str], ...]
    ) -> None:
        self.step = step
        self.names = names
        self.formats = formats
        of = dict(zip(MEASURES, measures, strict=True))
        count = of["count"]
        with np.errstate(all="ignore"):
            moving = count - of["grad_zero"]  # elements with a gradient that is not zero
            self.grad_rms = np.sqrt(of["grad_square"] / count)
            self.grad_max = of["grad_largest"]
            self.grad_zero = of["grad_zero"] / count
            self.grad_nonfinite = of["grad_nonfinite"] / count
            self.grad_clipped = of["grad_clipped"] / count
            self.clip_coefficient = of["clip_coefficient"]
            self.update_rms = np.sqrt(of["update_square"] / count)
            self.update_max = of["update_largest"]
            self.param_rms = np.sqrt(of["param_square"] / count)
            self.update_ratio = self.update_rms / self.param_rms
            self.update_flushed = _share(of["update_flushed"], moving)
            self.param_max = of["param_largest"]
            self.param_nonfinite = of["param_nonfinite"] / count
            self.cosine = 0.0 - of["moment_product"] / np.sqrt(of["update_square"] * of["moment_square"])
            self.below_eps = _share(of["below_eps"], moving)
            self.moment_lost = _share(of["moment_lost"], moving)
            self.lr = of["lr"]

    def __getitem__(self, name: str) -> dict[str, float]:
        if name not in self.names:
            raise KeyError(f"{name!r}: no such parameter")
        place = self.names.index(name)
        return {quantity: float(getattr(self, quantity)[place]) for quantity in self.quantities}

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: Any) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<Observed: step {self.step}, {len(self.names)} parameters>"


def _share(part: Array, whole: Array) -> Array:
    """Return the share of elements; 0 of none."""
    share: Array = np.where(whole == 0, part, part / whole)
    return share
