"""Options that every optimizer takes, beside the hyperparameters of its rule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, TypedDict

from adamas._inputs.formats import FormatOptions
from adamas._inputs.names import no_argument
from adamas._inputs.values import DType, shown
from adamas._optimizer.step_defaults import StepDefaults
from adamas.averaging import Average


class Options(TypedDict, total=False):
    """How an optimizer works and keeps its numbers.

    All are fixed at construction but ``num_threads`` and, in ``step_defaults``, those from ``max_norm`` to
    ``observe``.
    """

    #: How states are kept: "float32", "bfloat16", "int8" or "int4", and "float64" for float64 parameters; or such a
    #: dtype of NumPy's, ml_dtypes' or PyTorch's. None: float32, or float64 for float64 parameters.
    state_dtype: Literal["float32", "float64", "bfloat16", "int8", "int4"] | type[Any] | DType | None
    #: Keep more of bfloat16 and float16 parameters than their 16 bits: True for a float32 copy; "split32" or "split24",
    #: of bfloat16, for the low 16 or 8 bits of a float32 number whose high half the parameter is.
    master_weights: bool | Literal["split32", "split24"]
    #: How bfloat16 and float16 parameters are rounded: "nearest"; "stochastic" (bfloat16), up or down at random; or
    #: "kahan", to nearest with what was cut off kept in 16 bits and added to the next update.
    rounding: Literal["nearest", "stochastic", "kahan"]
    #: Seed of stochastic rounding, from 0 to 2**64 - 1.
    seed: int
    #: The most threads a step may use; None for the library's limit (`adamas.get_num_threads`).
    num_threads: int | None
    #: What ``step`` does about gradients, unless its arguments say otherwise: it clips them to this norm; with None it
    #: does not.
    max_norm: float | None
    #: It clips each of their elements to this magnitude; with None it does not.
    max_value: float | None
    #: The norm: 2 for the root of the sum of squares, infinity for the largest magnitude.
    norm_type: float
    #: Clip each parameter's gradient by its own norm, instead of all by the norm of all of them.
    clip_each: bool
    #: What becomes of gradients that are not finite: "propagate", "skip" or "raise".
    on_nonfinite: Literal["propagate", "skip", "raise"]
    #: Set gradients to zero once they have been used.
    zero_grads: bool
    #: What a step after `Optimizer.accumulate` uses: the "sum" or the "mean", or the mean by a "tree" of sums.
    accumulation: Literal["sum", "mean", "tree"]
    #: Observe every so many-th step, the first one on: measure gradients, updates and parameters in the pass that
    #: updates (`Optimizer.observed`, `adamas.observe`). None: no step, unless its argument says so.
    observe: int | None
    #: Keep an average of each parameter over steps: `adamas.EMA` or `adamas.SWA`.
    average: Average | None
    #: bfloat16 or float16 arrays, nested as the parameters are, that take copies of float32 parameters, rounded to the
    #: nearest, at construction and in each step. None among them for a parameter without a copy.
    copy_out: Any
    #: Parameters of two dimensions whose gradients may be of single rows (`adamas.RowGrad`), by name, and what becomes
    #: of the others in a step: "lazy", nothing, and each row counts its own steps; or "exact", of float32 under Adam
    #: and AdamW, what a gradient of zeros would do, made up for when a row is next needed (`Optimizer.catch_up`).
    sparse: Mapping[str, Literal["lazy", "exact"]] | None
    #: Gives the memory for all states: called once, with a number of bytes, it returns a writeable array of uint8 of
    #: that length, which begins at a multiple of 64 bytes and is filled with zeros then; of `numpy.memmap`, say. None:
    #: the optimizer allocates it. (`adamas.Arena` puts it beside the parameters.)
    state_memory: Callable[[int], Any] | None


_OF_STEPS = tuple(name for name in Options.__annotations__ if name in StepDefaults.__annotations__)


#: What to write to change an option, with ``{}`` for the value; None for those that are fixed at construction.
PLACES = {name: f"opt.step_defaults.{name} = {{}}" if name in _OF_STEPS else None for name in Options.__annotations__}


def chosen(options: Mapping[str, Any], step_defaults: StepDefaults) -> dict[str, Any]:
    """Return the options that are not what they are unless somebody chooses, for a representation.

    Args:
        options: As an optimizer was given them; those that `step_defaults` holds are not looked at.
        step_defaults: The optimizer's, which may have changed since.
    """
    idle = {"master_weights": False, "rounding": "nearest", "seed": 0}
    others = {name: options[name] for name in Options.__annotations__ if name in options and name not in _OF_STEPS}
    return {name: value for name, value in others.items() if value != idle.get(name)} | step_defaults.changed()


def read_options(options: Any, owner: str, hyperparameters: Collection[str]) -> tuple[FormatOptions, StepDefaults]:
    """Return the formats that the options ask for, and what steps do about gradients.

    Args:
        options: As given.
        owner: Class of the optimizer, for messages.
        hyperparameters: Names of the arguments that it has beside options, for messages.

    Raises:
        TypeError: An unknown option, or one of the wrong type.
        ValueError: An option of the wrong value, or two that do not go together.
    """
    for name in options:
        if name not in Options.__annotations__:
            raise TypeError(no_argument(name, owner, hyperparameters, Options.__annotations__))
    average = options.get("average")
    if average is not None and not isinstance(average, Average):
        raise TypeError(f"average: expected adamas.EMA, adamas.SWA or None, got {shown(average)}")
    memory = options.get("state_memory")
    if memory is not None and not callable(memory):
        raise TypeError(f"state_memory: expected a callable or None, got {shown(memory)}")
    others = ("num_threads", "average", "copy_out", "sparse", "state_memory", *_OF_STEPS)
    formats = FormatOptions(**{name: value for name, value in options.items() if name not in others})
    return formats, StepDefaults(**{name: options[name] for name in _OF_STEPS if name in options})
