"""An optimizer of adamas as a ``thinc.optimizers.Optimizer``."""

from __future__ import annotations

import inspect
import os
import weakref
from collections.abc import Hashable, Mapping
from typing import Any, ClassVar

import numpy as np
import thinc.optimizers
from thinc.util import is_cupy_array

from adamas.adapters import Array, SteppingCall, StepTable, describe
from adamas.adapters import Optimizer as Engine
from adamas.adapters.checks import as_real, check_flag, dtype_name, plain, type_name
from adamas.rules.thinc_classes import OPTIONS, ThincWords
from adamas.thinc import _arguments, _saving
from adamas.thinc._arguments import HAS_SCHEDULES, Hyperparameters, attribute_of, is_schedulable
from adamas.thinc._live_arrays import LiveArrays
from adamas.thinc._steps import Steps

#: thinc's attributes that show what adamas keeps.
_SHOWN = ("mom1", "mom2", "averages", "nr_update")

#: thinc's hyperparameters, which every optimizer of thinc has places for.
_OF_THINC = ("learn_rate", "b1", "b2", "eps", "L2", "grad_clip", "L2_is_weight_decay")

#: All optimizers that there are, for `save_optimizer`.
LIVING: weakref.WeakSet[Optimizer] = weakref.WeakSet()


class Optimizer(thinc.optimizers.Optimizer):
    """Base of the optimizers of `adamas.thinc`: what all of them have in common.

    An optimizer is called for each tensor, and updates it at once, in its own memory: weights and gradients are NumPy
    arrays. For tensors on a GPU (CuPy), optimizers that thinc has too hand over to thinc's own code.

    Args:
        learn_rate: Learning rate. A number >= 0, or a schedule of thinc.
        L2: Strength of the weight decay or of the L2 regularisation. A number >= 0, or a schedule of thinc.
        L2_is_weight_decay: True: ``L2`` is weight decay, which multiplies the weights by ``1 - learn_rate * L2``.
            False: it is L2 regularisation, which adds ``L2 * weights`` to the gradient. True or False.
        grad_clip: The largest norm of the gradient of each tensor. A gradient of a larger norm N is multiplied by
            ``grad_clip / N``. 0: no clipping. A number >= 0, or a schedule of thinc.
        use_averages: Keep averages of the weights in `averages`: ``average += (1 - d) * (weights - average)`` after
            update t, with d = min(0.9999, (1 + t) / (10 + t)), starting at zero. True or False.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4'. None: float32, or float64 for float64
            weights.
        num_threads: The most threads that an update may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`).
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the update
            of this tensor. 'raise': raise FloatingPointError, and change nothing.
        resume_from: Path of a file that `to_disk` or ``adamas.save_optimizer.v1`` has written: states are loaded from
            it, as by `from_disk`. None: states start anew.
        resume_by: How tensors are found in that file: 'weights' or 'order'; see `from_disk`.

    Attributes:
        mom1: The first moments by key: float32 arrays of one dimension, views of the states. Rules without a first
            moment have none here; `states` has all states.
        mom2: The second moments by key, in the same form.
        averages: The averages by key, or None.
        nr_update: How many updates each tensor has had, by key.

    Raises:
        TypeError: An argument is unknown or has the wrong type.
        ValueError: An argument is out of range.
    """

    __slots__ = ("__weakref__", "_options", "_quick", "_steps")

    #: The class of adamas that does the work.
    engine_class: ClassVar[type[Engine]]
    #: Its hyperparameters, in thinc's words.
    hyperparameters: ClassVar[Hyperparameters]
    #: What thinc does otherwise, if thinc has the rule.
    words: ClassVar[ThincWords | None]

    __signature__: ClassVar[inspect.Signature]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if type(self) is Optimizer:
            raise TypeError("Optimizer: is the base of all; make one of its subclasses, such as adamas.thinc.Adam")
        _arguments.refuse_unknown(kwargs, type(self).__name__, self.hyperparameters)
        bound = self.__signature__.bind(*args, **kwargs)
        bound.apply_defaults()
        given = dict(bound.arguments)
        options = {name: given.pop(name) for name in OPTIONS}
        options["state_dtype"] = dtype_name(options["state_dtype"])
        _arguments.check_options(options)
        self._set_thinc(given)
        self._options = options
        #: The table by which `__call__` goes if no hyperparameter can have changed since the last call.
        self._quick: StepTable | None = None
        self._steps = Steps(self, options, self._hurry)
        LIVING.add(self)
        if options["resume_from"] is not None:
            self.from_disk(options["resume_from"], by=options["resume_by"])

    def _set_thinc(self, given: Mapping[str, Any]) -> None:
        """Set all that thinc's own code reads, and the hyperparameters that thinc lacks."""
        schedulable = {name for name in given if is_schedulable(name, self.hyperparameters)}
        values = {name: value if as_real(value) is None else plain(value) for name, value in given.items()}
        signature = inspect.signature(thinc.optimizers.Optimizer)
        flag = "L2_is_weight_decay"
        settings = {name: values[name] for name in values if name in signature.parameters and name in schedulable}
        settings |= {"use_averages": check_flag(values["use_averages"], "use_averages"), flag: values.get(flag, True)}
        super().__init__(**{**settings, **({} if self.words is None else self.words.settings)})
        for name in (*self.hyperparameters, "grad_clip"):
            if name not in schedulable:
                setattr(self, attribute_of(name), self._checked(name, values[name]))
            elif name not in settings:
                self._set_attr_or_schedule(attribute_of(name), values[name])
        for name in schedulable:
            if as_real(values[name]) is not None:
                self._checked(name, values[name])
        for name in ("mom1", "mom2", *(() if self.averages is None else ("averages",))):
            setattr(self, name, LiveArrays(name))

    def _checked(self, name: str, value: Any) -> Any:
        return _arguments.check_argument(describe(self.engine_class), name, value, self.hyperparameters)

    @property
    def nr_update(self) -> Any:
        """How many updates each tensor has had, by key."""
        return self._steps.counts

    @nr_update.setter
    def nr_update(self, value: Any) -> None:
        if value:
            raise AttributeError("nr_update: is kept by adamas; assign to its keys")

    def __setattr__(self, name: str, value: Any) -> None:
        steps = getattr(self, "_steps", None)
        if steps is None or name in ("_options", "_quick", "_steps"):  # not constructed yet
            super().__setattr__(name, value)
            return
        if name == "averages" and value is None:
            steps.stop_averaging()
        elif name in _SHOWN:
            raise AttributeError(f"{name}: is kept by adamas; assign to its keys, or make a new optimizer")
        arguments = {attribute_of(argument): argument for argument in (*self.hyperparameters, "grad_clip")}
        attributes = list(arguments)
        if name in _OF_THINC and name not in attributes:
            _arguments.refuse_attribute(name, type(self).__name__, attributes)
        if name in OPTIONS:
            raise AttributeError(f"{name}: is fixed at construction; make a new optimizer")
        argument = arguments.get(name)
        if argument is not None and not is_schedulable(argument, self.hyperparameters):
            value = self._checked(argument, value)
            if self.hyperparameters[argument][0] in steps.info.spec.frozen and value != getattr(self, name):
                raise AttributeError(f"{name}: is fixed at construction; make a new optimizer")
        if not hasattr(type(self), name):
            _arguments.refuse_attribute(name, type(self).__name__, attributes)
        super().__setattr__(name, value)
        self._hurry(None)

    def _hurry(self, table: StepTable | None) -> None:
        """Let the next calls go by this table, or with None the whole way."""
        object.__setattr__(self, "_quick", table)

    def __call__(self, key: Hashable, weights: Array, gradient: Array, *, lr_scale: float = 1.0) -> tuple[Array, Array]:
        """Update a tensor, in place, and set its gradient to zero.

        Args:
            key: What states are kept by: the node's id and the parameter's name.
            weights: A writeable, C-contiguous NumPy array of float32 or float64.
            gradient: An array of its shape.
            lr_scale: What the learning rate is multiplied by.

        Returns:
            The same two arrays.

        Raises:
            TypeError: An array or hyperparameter of the wrong type; the message names it.
            ValueError: An array that does not fit or cannot be written, a hyperparameter out of range.
            FloatingPointError: The gradient is not finite, and ``on_nonfinite`` is ``"raise"``.
        """
        if not isinstance(weights, np.ndarray):
            return self._elsewhere(key, weights, gradient, lr_scale)
        if not (isinstance(gradient, np.ndarray) and gradient.size == 0 and gradient.ndim > 0):
            self._steps.step(key, weights, gradient, lr_scale)
        return weights, gradient

    def _elsewhere(self, key: Any, weights: Any, gradient: Any, lr_scale: float) -> Any:
        """Update what is no NumPy array."""
        if not is_cupy_array(weights):
            raise TypeError(f"weights of {key!r}: expected a NumPy array, got {type_name(weights)}")
        if self.words is None or self._options["state_dtype"] is not None:
            raise TypeError(
                f"weights of {key!r}: lie on a GPU, and {type(self).__name__} with these options updates NumPy arrays "
                "alone; train on the CPU (use_ops('numpy'), or --gpu-id -1), or use adamas.Adam.v1 without state_dtype"
            )
        return super().__call__(key, weights, gradient, lr_scale=lr_scale)

    def step_schedules(self) -> None:
        """Go on to the next values of all schedules."""
        super().step_schedules()
        self._steps.schedule_steps += 1

    @property
    def states(self) -> Mapping[Hashable, dict[str, Array]]:
        """All state arrays of each tensor, by its key and then by name: the live ones."""
        return {key: entry.bound.states(entry.index) for key, entry in self._steps.entries.items()}

    def to_bytes(self) -> bytes:
        """Return all states: moments, averages, counts, and how far the schedules are.

        Hyperparameters and weights are not in it: those are the config's and the model's.
        """
        return _saving.to_bytes(self, self._steps)

    def from_bytes(self, data: bytes, *, by: str = "weights") -> Optimizer:
        """Go on from what `to_bytes` returned, in this process or another.

        A tensor gets its states when it is met; schedules go on at once. Nodes have other ids in another process, so
        tensors are found:

        Args:
            data: What `to_bytes` returned.
            by: ``"weights"``: by name, shape and weights, which are those at the time of saving, bit for bit.
                ``"order"``: by name and shape, in the order in which they are met; for weights that have been changed
                since, such as averages. The pipeline must be the same then.

        Returns:
            This optimizer.

        Raises:
            ValueError: It is damaged, or of another rule or ``state_dtype``. Later, when a tensor is met: it is not in
                the data. No weights are changed then.
        """
        saved = _saving.read(self, data)
        self._steps.load(_saving.Saved(saved["tensors"], by))
        behind = saved["schedule_steps"] - self._steps.schedule_steps
        for _ in range(behind):
            self.step_schedules()
        if HAS_SCHEDULES and saved["last_score"] is not None:
            self._last_score = tuple(saved["last_score"])
        return self

    def to_disk(self, path: str | os.PathLike[str]) -> None:
        """Write what `to_bytes` returns into a file, atomically.

        Args:
            path: Path of the file.

        Raises:
            OSError: The file cannot be written. The old file is unchanged.
        """
        _saving.write(path, self.to_bytes())

    def from_disk(self, path: str | os.PathLike[str], *, by: str = "weights") -> Optimizer:
        """Go on from a file that `to_disk` wrote.

        A tensor gets its states when it is met; schedules go on at once.

        Args:
            path: Path of the file.
            by: How tensors are found. ``"weights"``: by name, shape and weights, which are those at the time of saving,
                bit for bit. ``"order"``: by name and shape, in the order in which they are met; for weights that have
                been changed since, such as averages. The pipeline must be the same then.

        Returns:
            This optimizer.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is damaged, or of another rule or ``state_dtype``. Later, when a tensor is met: it is not in
                the file. No weights are changed then.
        """
        with open(path, "rb") as file:
            return self.from_bytes(file.read(), by=by)

    def __reduce__(self) -> Any:
        arguments = {name: getattr(self, attribute_of(name)) for name in (*self.hyperparameters, "grad_clip")}
        arguments |= {**self._options, "use_averages": self.averages is not None, "resume_from": None}
        others: dict[str, Any] = {"last_seen": dict(self.last_seen)}
        if HAS_SCHEDULES:
            others |= {"_step": self._step, "_last_score": self._last_score}
        else:
            others["schedules"] = self.schedules
        return _rebuilt, (type(self), arguments, others, self.to_bytes(), self._steps.schedule_steps)


Optimizer.__call__ = SteppingCall(Optimizer.__call__, Optimizer.__dict__["_quick"])  # type: ignore[method-assign]


def _rebuilt(
    cls: type[Optimizer], arguments: dict[str, Any], others: dict[str, Any], data: bytes, schedule_steps: int
) -> Optimizer:
    """Make a copy of an optimizer, whose tensors have the same keys."""
    optimizer = cls(**arguments)
    for name, value in others.items():
        object.__setattr__(optimizer, name, value)
    optimizer._steps.schedule_steps = schedule_steps
    return optimizer.from_bytes(data, by="key")
