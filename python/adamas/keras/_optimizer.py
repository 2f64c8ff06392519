"""An optimizer of adamas as a ``keras.optimizers.Optimizer``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

import keras
from keras.src.backend.common.stateless_scope import in_stateless_scope

from adamas.adapters import Array, Observed, describe
from adamas.adapters import Optimizer as Engine
from adamas.adapters.checks import MISTAKES, dtype_name, likely, plain, type_name, warn_of_lost_updates
from adamas.keras import _arguments
from adamas.keras._binding import Binding, Step
from adamas.keras._host_calls import outside_of_graphs
from adamas.keras._model_variables import ModelVariables, unique
from adamas.keras._step_on_copies import StepOnCopies
from adamas.rules.keras_classes import keras_at_construction

#: Names that an optimizer of `adamas` gives to what has another name here, and options.
_SETTINGS = frozenset(("lr", "betas", "eps", "eps_root", *MISTAKES, *_arguments.OPTIONS))

#: Tensors of this backend can be changed in place.
IN_PLACE = keras.backend.backend() == "torch"
#: Steps may be part of a program that this backend compiles.
IN_JAX = keras.backend.backend() == "jax"


class Optimizer(keras.optimizers.Optimizer):
    """Base of the optimizers of `adamas.keras`: what all of them have in common.

    Args:
        learning_rate: Learning rate: a finite number >= 0, a ``keras.optimizers.schedules.LearningRateSchedule``, or a
            callable without arguments that returns a number.
        weight_decay: Strength of the weight decay: before each update, variables that `exclude_from_weight_decay` does
            not name are multiplied by ``1 - learning_rate * weight_decay``. None or a finite number >= 0; None is no
            decay.
        clipnorm: The largest norm of each gradient, a number > 0: a gradient of a larger norm is scaled down to it.
            None: no such clipping.
        clipvalue: The largest magnitude of an element of a gradient, a number > 0: larger elements are clipped to it.
            None: no such clipping.
        global_clipnorm: The largest norm of all gradients together, a number > 0: if theirs is larger, all of them are
            scaled down by the same factor. None: no such clipping. At most one of the three may be given.
        use_ema: Keep averages of the variables. They replace the variables at the end of ``fit``, or every
            ``ema_overwrite_frequency`` steps. True or False.
        ema_momentum: The share of the average that stays in a step, a number in [0, 1].
        ema_overwrite_frequency: How many steps pass until averages replace the variables. None or a whole number >= 1.
        loss_scale_factor: The factor that the loss is multiplied by, and gradients are divided by. None or a number.
        gradient_accumulation_steps: How many batches make one step. None or a whole number >= 2.
        name: The name of the optimizer. None: a name that Keras makes from that of the class.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4'. None: float32, or float64 for float64
            variables.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`).
        observe: Observe every so many-th step, beginning with the first (`observed`). None or a whole number >= 1.

    Raises:
        TypeError: An argument is unknown or has the wrong type.
        ValueError: An argument is out of range, or two arguments do not go together.
    """

    #: The class of adamas that does the work.
    engine_class: ClassVar[type[Engine]]
    #: Arguments that not all optimizers have, or with a default of its own, in order.
    arguments: ClassVar[Mapping[str, Any]]
    #: Hyperparameters of adamas that make it what Keras has.
    fixed: ClassVar[Mapping[str, Any]] = {}
    #: The rule of adamas decays elsewhere than Keras does; so that is done before it.
    decays_before: ClassVar[bool] = False

    __signature__: ClassVar[inspect.Signature]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "arguments" in cls.__dict__:
            cls.__signature__ = _arguments.signature_of(cls.arguments)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _arguments.refuse_unknown(kwargs, type(self).__name__, self.arguments)
        bound = _arguments.signature_of(self.arguments).bind(*args, **kwargs)
        bound.apply_defaults()
        given = dict(bound.arguments)
        own = self._checked(given.pop)
        options = {name: given.pop(name) for name in _arguments.OPTIONS}
        options["state_dtype"] = dtype_name(options["state_dtype"])
        _arguments.check_options(options)
        given = _arguments.with_plain_numbers(given)
        _arguments.check_given(given, needs_decay=self.arguments.get("weight_decay") is not None)
        own = keras_at_construction(own, given["learning_rate"])
        super().__init__(**given)
        for name, value in {**own, **options}.items():
            setattr(self, name, value)
        self._model: Any = None
        self._in_place: Any = None
        self._copies = StepOnCopies(self._bind)
        if IN_PLACE:
            from adamas.keras._step_in_place import StepInPlace  # torch is not there under other backends

            self._in_place = StepInPlace(self._bind)
        self._compiled: Any = None
        if IN_JAX:
            with suppress(ImportError):  # of a JAX that is too old for it
                from adamas.keras._step_compiled import StepCompiled  # nor is JAX

                self._compiled = StepCompiled(self._bind)

    def _checked(self, get: Callable[[str], Any]) -> dict[str, Any]:
        """Return the hyperparameters that Keras does not keep itself, as plain numbers or flags."""
        info = describe(self.engine_class)
        names = _arguments.names_of(self.arguments)
        return {name: _arguments.check_argument(info, name, get(name)) for name in names}

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _SETTINGS and hasattr(self, "_copies") and not hasattr(type(self), name):
            self._refuse_attribute(name)
        super().__setattr__(name, value)

    def _refuse_attribute(self, name: str) -> None:
        """Refuse to set what nobody reads, or what the states that there are depend on."""
        ours = (*_arguments.OF_KERAS, "learning_rate", *_arguments.names_of(self.arguments))
        if name in ours:
            return
        if name in _arguments.OPTIONS:
            raise AttributeError(f"{name}: is fixed at construction; make a new optimizer")
        found = likely(name, ours)
        if found is not None:
            raise AttributeError(f"{name}: is not an attribute of the optimizer; write optimizer.{found} = ...")

    def get_config(self) -> dict[str, Any]:
        """Return all arguments, which make another optimizer of this class."""
        names = [*_arguments.names_of(self.arguments), *_arguments.OPTIONS]
        return {**super().get_config(), **{name: plain(getattr(self, name)) for name in names}}

    def build(self, variables: Sequence[Any]) -> None:
        """Make the states of these variables.

        Args:
            variables: The variables that are to be trained.

        Raises:
            TypeError: One is no Keras variable, or of a dtype that adamas does not have; the message names it.
            ValueError: One cannot be updated; the message names it.
        """
        if self.built:
            return
        for i, variable in enumerate(variables):
            if not isinstance(variable, keras.Variable):
                raise TypeError(f"variables[{i}]: expected a keras.Variable, got {type_name(variable)}")
        updated = [v for v in variables if not self._overwrite_variable_with_gradient(v)]
        if not updated:  # a model of which all is frozen
            super().build(list(variables))
            return
        with outside_of_graphs():
            binding = (self._in_place or self._copies).start(updated)
            super().build(list(variables))
            self._model = ModelVariables(updated, binding, self.add_variable)
        if self._in_place is not None:
            self._in_place.share(self._model, binding)
        advice = "set the dtype policy 'mixed_bfloat16' or 'mixed_float16', which keeps variables in float32"
        warn_of_lost_updates({}, [variable.dtype for variable in updated], advice)

    def _bind(self, variables: Sequence[Any], arrays: Sequence[Array]) -> Binding:
        """Bind the variables' elements, each an array of one dimension."""
        names = unique([variable.path for variable in variables])
        decays = [self._use_weight_decay(variable) for variable in variables]
        shapes = [tuple(variable.shape) for variable in variables]
        options = {name: getattr(self, name) for name in _arguments.OPTIONS}
        return Binding(self.engine_class, names, arrays, decays, shapes, self._step_at(0.0), **options)

    def _step_at(self, learning_rate: float) -> Step:
        """Return what adamas is asked for at a learning rate, with the arguments as they are now."""
        lr, decay = _arguments.check_step(learning_rate, self.weight_decay)
        own = self._checked(partial(getattr, self))
        info = describe(self.engine_class)
        hyperparameters = {"lr": lr, **_arguments.adamas_arguments(info, own), **self.fixed}
        if self.decays_before:
            none = 0.0 if "weight_decay" in info.spec.by_name else None
            return Step(hyperparameters, none, decay_before=lr * decay)
        return Step(hyperparameters, decay)

    @property
    def observed(self) -> Observed | None:
        """The measurements of the last observed step, for each variable by its path; None before the first.

        The argument ``observe`` says which steps are observed. `adamas.observe` collects and draws the measurements.
        """
        memories = [memory for memory in (self._in_place, self._copies) if memory is not None]
        found = [memory.observed for memory in memories if memory.observed is not None]
        return max(found, key=lambda observed: observed.step, default=None)

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        """Exclude variables from weight decay. Call it before `build`.

        Args:
            var_list: The variables that do not decay. None: none by themselves.
            var_names: Texts; a variable does not decay if its name contains one of them. None: no texts.
        """
        super().exclude_from_weight_decay(var_list, var_names)
        self._copies.forget()
        if self._in_place is not None:
            self._in_place.forget()

    def _apply_weight_decay(self, variables: Any) -> None:
        """Leave it to adamas."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable.

        Args:
            gradient: Its gradient.
            variable: The variable.
            learning_rate: The learning rate of the step.
        """
        self._backend_update_step([gradient], [variable], learning_rate)

    def _backend_update_step(self, grads: Any, trainable_variables: Any, learning_rate: Any) -> None:
        memory: Any = self._copies if self._in_place is None or in_stateless_scope() else self._in_place
        step = (self._model, grads, trainable_variables, self.iterations, learning_rate, self._step_at)
        if self._compiled is None or self.observe is not None or not self._compiled.step(*step):
            memory.step(*step)
