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
    """Options that every optimizer takes by name, beside the hyperparameters of its rule.

    Most are fixed at construction. ``opt.num_threads`` may be set at any time, and so may, as attributes of
    ``opt.step_defaults``, ``max_norm``, ``max_value``, ``norm_type``, ``clip_each``, ``on_nonfinite``, ``zero_grads``,
    ``accumulation`` and ``observe``.

    Attributes:
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.
    """

    state_dtype: Literal["float32", "float64", "bfloat16", "int8", "int4"] | type[Any] | DType | None
    master_weights: bool | Literal["split32", "split24"]
    rounding: Literal["nearest", "stochastic", "kahan"]
    seed: int
    num_threads: int | None
    max_norm: float | None
    max_value: float | None
    norm_type: float
    clip_each: bool
    on_nonfinite: Literal["propagate", "skip", "raise"]
    zero_grads: bool
    accumulation: Literal["sum", "mean", "tree"]
    observe: int | None
    average: Average | None
    copy_out: Any
    sparse: Mapping[str, Literal["lazy", "exact"]] | None
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
