"""Adafactor: second moments as rows and columns of a matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.elementary import real_power
from adamas._types import Array
from adamas.rules.formula import Coefficients, Factors, Formula, larger
from adamas.rules.hyperparameter import LR, MAXIMIZE, WEIGHT_DECAY, Hyperparameter, Range
from adamas.rules.keras_words import KerasWords
from adamas.rules.spec import RuleSpec, enter


class _AdafactorFormula(Formula):
    own_decay = True
    sums = ("param_square", "direction_square")
    sums_in_compute_type = True

    def __init__(self, name: str, states: Mapping[str, str], *, momentum: bool) -> None:
        self.name = name
        self.states = {"exp_avg": "signed", **states} if momentum else states

    def completed(self, group: Mapping[str, Any], epsilon: float) -> Mapping[str, Any]:
        least, scale = group["eps"]
        return {**group, "eps": (epsilon if least is None else least, scale)}

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        least_root, least_scale = group["eps"]
        rate = real_power(float(step), group["beta2_decay"])
        added, least = (least_root, 0.0) if group["eps_in_mean"] else (0.0, least_root)
        most = min(1e-6 * step, group["lr"]) if group["warmup_init"] else group["lr"]
        relative = 1.0 / math.sqrt(step)
        return {
            "beta1": group["beta1"],
            "one_minus_beta1": 1.0 - group["beta1"],
            "beta2": 1.0 - rate,
            "one_minus_beta2": rate,
            "added": added,
            "least": least,
            "most": 1.0 / least if least else math.inf,
            "least_scale": least_scale if group["scale_parameter"] else -1.0,
            "clip_threshold": group["d"],
            "kept": 1.0 - group["lr"] * group["weight_decay"],
            "step_size": min(relative, most) if group["relative_step"] else most,
        }

    def next_square(self, square: Array, mean: Array, c: Mapping[str, float]) -> Array:
        return c["beta2"] * square + c["one_minus_beta2"] * (mean + c["added"])

    def row_factor(self, square: Array, mean: Array, c: Mapping[str, float]) -> Array:
        return 1.0 / np.sqrt(square / larger(mean, c["least"]))

    def column_factor(self, square: Array, c: Mapping[str, float]) -> Array:
        return 1.0 / np.sqrt(square)

    def direction(self, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        if "row_var" in state:
            inverse_root = state["row_var"] * state["col_var"]
            bounded: Array = g * np.where(inverse_root > c["most"], c["most"], inverse_root)
            return bounded
        v = state["variance"] = c["beta2"] * state["variance"] + c["one_minus_beta2"] * (g * g + c["added"])
        return g / larger(np.sqrt(v), c["least"])

    def products(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> dict[str, Factors]:
        direction = self.direction(g, state, c)
        return {"param_square": (p, p), "direction_square": (direction, direction)}

    def take_sums(self, c: dict[str, float], sums: Mapping[str, float], size: int, scalars: dict[str, float]) -> None:
        if size == 0:
            return
        if c["least_scale"] >= 0.0:
            scale = math.sqrt(sums["param_square"] / size)
            c["step_size"] = c["step_size"] * (scale if scale > c["least_scale"] else c["least_scale"])
        excess = math.sqrt(sums["direction_square"] / size) / c["clip_threshold"]
        if excess > 1.0:
            c["step_size"] = c["step_size"] / excess

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        change = c["step_size"] * self.direction(g, state, c)
        if "exp_avg" in state:
            change = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * change
        new: Array = p * c["kept"] - change
        return new


_MATRIX = {"row_var": "row", "col_var": "column"}
_VECTOR = {"variance": "square"}


class _AdafactorInKeras(KerasWords):
    """Adafactor, as ``keras.optimizers.Adafactor``; the rule is that of `adamas.Adafactor` with ``eps_in_mean``.

    A parameter of two dimensions or more keeps ``row_var`` and ``col_var`` alone: Keras keeps a number for each element
    beside them, so that its Adafactor takes more memory than SGD with momentum.

    References:
        N. Shazeer, M. Stern: Adafactor: Adaptive Learning Rates with Sublinear Memory Cost. ICML 2018,
        arXiv:1804.04235.
    """

    texts = {
        "epsilon_1": "Added to the squares. A finite number >= 0.",
        "epsilon_2": "The least size of a variable. A finite number >= 0.",
        "relative_step": "Let steps shrink: use min(learning_rate, 1/sqrt(t)) as the step size. (Keras does so with "
        "False, too.) True or False.",
    }

    arguments = {
        "learning_rate": 0.001,
        "beta_2_decay": -0.8,
        "epsilon_1": 1e-30,
        "epsilon_2": 1e-3,
        "clip_threshold": 1.0,
        "relative_step": True,
    }
    fixed = {"eps_in_mean": True, "beta1": 0.0, "scale_parameter": True, "warmup_init": False}


@enter
class Adafactor(RuleSpec):
    r"""Adafactor: keeps second moments as one number for each row and each column of a matrix, in almost no memory.

    The defaults compute what PyTorch's Adafactor computes; other arguments make it that of Hugging Face's transformers
    or that of the paper. For a parameter of two dimensions, with gradient g, step count t and the states r
    (``row_var``) and c (``col_var``), which start at zero::

        w = t^beta2_decay
        r <- (1 - w)*r + w*(mean of g*g over each row)
        c <- (1 - w)*c + w*(mean of g*g over each column)
        u = g / max(sqrt(r*c / max(mean of r, e1)), e1)
        a = max(e2, RMS(p)) * min(lr, 1/sqrt(t)) / max(1, RMS(u)/d)
        p <- p * (1 - lr*weight_decay)
        p <- p - a*u

    where ``eps = (e1, e2)`` and RMS is the root of the mean square over the array. The last two dimensions of a
    parameter are the matrix; what comes before them counts matrices. A parameter of fewer dimensions keeps v
    (``variance``) for each element: ``v <- (1 - w)*v + w*g*g``, and ``u = g / max(sqrt(v), e1)``. With beta1, the state
    m (``exp_avg``) is ``m <- beta1*m + (1 - beta1)*a*u``, and takes the place of a*u.

    Sums are taken in the type that is computed with over a few elements, and in float64 over all, in an order that
    depends on neither instruction set nor threads. ``row_var`` and ``col_var`` are never rounded to ``state_dtype``.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.ones((1024, 1024), dtype=np.float32)
        >>> opt = adamas.Adafactor([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w[0, :2]
        array([0.9, 0.9], dtype=float32)
        >>> sum(array.nbytes for array in (opt.state["0"]["row_var"], opt.state["0"]["col_var"]))
        8192

    References:
        N. Shazeer, M. Stern: Adafactor: Adaptive Learning Rates with Sublinear Memory Cost. ICML 2018,
        arXiv:1804.04235.
    """

    advice = "The least memory for models of large matrices."
    hyperparameters = (
        LR.but(1e-2, text="The largest relative step size; weight decay is multiplied by it, too."),
        Hyperparameter(
            "beta2_decay",
            -0.8,
            Range.NON_POSITIVE,
            text="The exponent of w, the weight of a new square in the averages.",
        ),
        Hyperparameter(
            "eps",
            (None, 1e-3),
            Range.EPSILONS,
            text="e1, the least root of a second moment, and e2, the least size of a parameter. None for e1: the "
            "machine epsilon of the type that is computed with.",
            parts=(
                "e1, the least root of a second moment.",
                "e2, the least size of a parameter.",
            ),
        ),
        Hyperparameter(
            "d",
            1.0,
            Range.AT_LEAST_ONE,
            text="The largest RMS(u) that is not clipped. Other libraries call it clip_threshold.",
        ),
        WEIGHT_DECAY.but(
            0.0,
            text="Strength of the decoupled weight decay: each step multiplies the parameter by ``1 - "
            "lr*weight_decay`` before the update.",
        ),
        MAXIMIZE,
        Hyperparameter(
            "beta1",
            0.0,
            Range.FRACTION,
            keyword_only=True,
            state="exp_avg",
            text="Decay rate of m. 0: no m is kept.",
        ),
        Hyperparameter(
            "scale_parameter",
            True,
            Range.FLAG,
            keyword_only=True,
            text="Multiply steps by the size of the parameter, max(e2, RMS(p)). False: leave that factor out.",
        ),
        Hyperparameter(
            "relative_step",
            True,
            Range.FLAG,
            keyword_only=True,
            text="Let steps shrink as 1/sqrt(t). False: use ``lr`` in place of min(lr, 1/sqrt(t)).",
        ),
        Hyperparameter(
            "warmup_init",
            False,
            Range.FLAG,
            keyword_only=True,
            text="Begin with small steps: use min(lr, 1e-6*t) in place of ``lr``, except for the weight decay.",
        ),
        Hyperparameter(
            "eps_in_mean",
            False,
            Range.FLAG,
            keyword_only=True,
            text="Add e1 to the squares that r, c and v average, as the paper does, instead of using it as the least "
            "root. An e1 of 1e-30 is usual then.",
        ),
    )
    formulas = (
        _AdafactorFormula("adafactor", _MATRIX, momentum=False),
        _AdafactorFormula("adafactor_momentum", _MATRIX, momentum=True),
        _AdafactorFormula("adafactor_vector", _VECTOR, momentum=False),
        _AdafactorFormula("adafactor_vector_momentum", _VECTOR, momentum=True),
    )
    variants = {"": {}, "momentum": {"beta1": 0.9}}
    by_shape = True
    state_notes = {
        "row_var": "For parameters of two dimensions or more.",
        "col_var": "For parameters of two dimensions or more.",
        "variance": "For parameters of fewer dimensions.",
    }
    keras = _AdafactorInKeras()

    def choose(self, group: Mapping[str, Any]) -> str:
        return "adafactor_momentum" if group["beta1"] else "adafactor"

    def choose_for(self, group: Mapping[str, Any], shape: tuple[int, ...]) -> str:
        name = self.choose(group)
        return name if len(shape) > 1 else name.replace("adafactor", "adafactor_vector")

    def matrix(self, group: Mapping[str, Any], shape: tuple[int, ...], path: str) -> tuple[int, ...] | None:
        return (0, 0) if 0 in shape else shape
