"""An optimizer of adamas as functions of pytrees, whose step runs inside a compiled program."""

from __future__ import annotations

import functools
import inspect
import math
import os
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from adamas import adapters
from adamas.adapters import describe as describe_class
from adamas.adapters.checks import (
    no_argument,
    number,
    read_step_defaults,
    shown,
    warn_of_lost_updates,
    warn_without_effect,
)
from adamas.adapters.docstrings import LazyDocstring
from adamas.jax._arguments import ELSEWHERE, can_change, checked, signature_of
from adamas.jax._docstrings import jax_docstring
from adamas.jax._exchange import from_numpy, from_optax, to_numpy, to_optax
from adamas.jax._flat import Flat
from adamas.jax._programs import Compiled, Group, bind, compile_step, operands_of, with_placeholders
from adamas.jax._state import State, check_state, no_report, observed_in, put_together, take_apart
from adamas.jax._steps import StepsAlone, is_traced, take_step
from adamas.jax._trees import Exact, Tree, any_dynamic, describe, gradients_like, value_at


class Optimizer:
    """Base of the optimizers of `adamas.jax`: what they have in common.

    A step gives the bits of the NumPy optimizer of the same name. It is one call for all parameters. Inside a jitted
    function to which parameters and state are donated (``donate_argnums``), it updates both in place.

    Where the old parameters are used for anything else after the gradients, such as a norm that is logged, XLA would
    copy all of them: pass what is computed from them as ``after``, and the step waits for it.

    One optimizer may serve any number of models, one after the other or at once: it keeps nothing of them. Gradients
    cannot be taken through a step, and it cannot be vectorized by ``vmap``.

    Args:
        *args: The hyperparameters of the rule. Each number may also be a schedule, which is a function of the number of
            steps taken so far (int32) in JAX's operations, or an array of one number, which may be traced.
        mask: Which parameters weight decay is for: a pytree of booleans with the structure of the parameters, or a
            function that returns one for them. None: all parameters.
        **kwargs: Hyperparameters and options by name. Of the options of `adamas.Options`, JAX has ``state_dtype``,
            ``master_weights``, ``rounding``, ``seed``, ``max_norm``, ``max_value``, ``norm_type``, ``clip_each``,
            ``on_nonfinite`` (but not 'raise'), ``average``, ``observe`` and ``num_threads``.

    Raises:
        TypeError: An argument is unknown or has the wrong type.
        ValueError: An argument is out of range, or two arguments do not go together.
    """

    engine_class: ClassVar[type[adapters.Optimizer]]
    __signature__: ClassVar[inspect.Signature]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "engine_class" in cls.__dict__:
            cls.__signature__ = signature_of(cls.engine_class)
            text: Any = LazyDocstring(functools.partial(jax_docstring, cls.engine_class))
            cls.__doc__ = text

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        name = type(self).__name__
        info = describe_class(self.engine_class)
        names = info.spec.argument_names
        options = {key: kwargs.pop(key) for key in [*kwargs] if key not in names and key != "mask"}
        for key, instead in ELSEWHERE.items():
            if key in options:
                raise TypeError(f"{key}: there is no such option of adamas.jax.{name}; {instead}")
        defaults = read_step_defaults(options, name, [*names, "mask"])
        if defaults.on_nonfinite == "raise":
            raise ValueError(
                "on_nonfinite: a compiled step cannot raise; choose 'skip', and look at the state's report"
            )
        bound = self.__signature__.bind(*args, **kwargs)
        bound.apply_defaults()
        given = dict(bound.arguments)
        given.pop("options", None)
        self._mask: Any = given.pop("mask")
        self._options: dict[str, Any] = options
        given = {key: checked(info, key, value) for key, value in given.items()}
        completed = info.at_construction({**dict.fromkeys(info.fixed, True), **with_placeholders(info.spec, given)})
        info.check_combination(completed)
        if given.get("max_lr", 0.0) is None:
            given["max_lr"] = completed["max_lr"]
        self._hyperparameters: dict[str, Any] = given
        self._forget()

    def _forget(self) -> None:
        self._compiled: dict[Any, Compiled] = {}
        self._alone = StepsAlone(self._step)

    @property
    def hyperparameters(self) -> Mapping[str, Any]:
        """Those that it was made with; nobody changes them, since steps may have been compiled."""
        return MappingProxyType(self._hyperparameters)

    @property
    def options(self) -> Mapping[str, Any]:
        """Those that it was made with."""
        return MappingProxyType(self._options)

    @property
    def mask(self) -> Any:
        """The one that it was made with."""
        return self._mask

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_compiled", "_alone")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._forget()

    def __repr__(self) -> str:
        mask = {} if self.mask is None else {"mask": self.mask}
        given = {**self.hyperparameters, **mask, **self.options}
        return f"adamas.jax.{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})"

    def init(self, params: Any) -> State:
        """Return the state before the first step.

        Args:
            params: The parameters: a pytree of arrays of float32, float64, bfloat16 or float16.

        Raises:
            TypeError: A leaf is not such an array, or an option does not fit it.
            ValueError: A leaf or an option is not acceptable; the message names it.
        """
        tree, groups, compiled = self._described(params)
        dtypes = list(dict.fromkeys(leaf.dtype.name for leaf in tree.leaves))
        warn_without_effect(self.options, dtypes)
        warn_of_lost_updates(self.options, dtypes)
        bound = bind(self.engine_class, groups, tree.leaves, self.options)
        arrays = tree.arrays() if self.options.get("master_weights") is True else []

        def first(place: int, name: str) -> Sequence[Any] | None:
            if name == "master":
                return [arrays[compiled.order[place]].astype(jnp.float32)]
            initial = bound.info.spec.first_values(bound.param_groups[bound.groups_of[place]]).get(name)
            if initial is None:  # the first step copies the parameter
                return None
            states = bound.states(place)
            return [states[key] for key in (name, f"{name}_scale") if key in states]

        scalars = [value for place in range(len(tree.leaves)) for value in bound.scalars(place).values()]
        scalars += bound.shared_scalars().values()
        return put_together(compiled, first, scalars, jnp.zeros((), jnp.int32), no_report())

    def init_without_params(self) -> State:
        """Return a state that holds nothing, with the names that one of parameters would have.

        Optax asks for it where a label or a mask leaves no parameter, and to find out what belongs to parameters.
        """
        info = describe_class(self.engine_class)
        formula = info.formula({**dict.fromkeys(info.fixed, True), **self.hyperparameters})
        names = [*formula.states, *(["average"] if self.options.get("average") is not None else [])]
        names += ["scalars"] if formula.scalars or formula.shared_scalars else []
        return State(jnp.zeros((), jnp.int32), {name: jnp.zeros(0) for name in names}, no_report())

    def step(
        self, params: Any, grads: Any, state: State, *, grad_scale: Any = None, after: Any = (), **hyperparameters: Any
    ) -> tuple[Any, State]:
        """Return the parameters and the state after a step.

        Args:
            params: The parameters.
            grads: Their gradients: a pytree of the same structure; None leaves a parameter as it is.
            state: What `init`, or the step before, returned.
            grad_scale: What the loss was multiplied by: a number > 0, which may be traced. None: 1.
            after: Anything that is computed from the old parameters; the step waits for it.
            **hyperparameters: Values for this step, instead of those of the optimizer: numbers, which may be traced.
                Inside of ``jit``, what changes should be an array: each plain number is a program of its own.

        Raises:
            TypeError: A gradient or hyperparameter of the wrong type; the message names it.
            ValueError: A gradient that does not fit, or a state that is not of these parameters.
        """
        values = self._with(hyperparameters)
        if grad_scale is not None and not isinstance(grad_scale, jax.Array):
            grad_scale = number(grad_scale, "grad_scale", "a finite number > 0", math.nextafter(0.0, 1.0), math.inf)
        if is_traced((params, grads, state, grad_scale, values, after)):
            return self._step(params, grads, state, values, grad_scale, after=after)
        info = describe_class(self.engine_class)
        # So that plain numbers which change are no reason to compile anew.
        exact = {
            name: Exact.of(values[name])
            for name in hyperparameters
            if isinstance(values[name], float) and can_change(info, name)
        }
        return self._alone(params, grads, state, {**values, **exact}, grad_scale)

    def states(self, params: Any, state: State) -> dict[str, dict[str, Any]]:
        """Return what is kept of each parameter, by the names that `adamas.AdamW` and its relatives have in ``state``.

        Args:
            params: The parameters, or arrays of their shapes and dtypes.
            state: What is kept of them.

        Returns:
            By name of the parameter and of the state, arrays: of the parameter's shape, or, of codes and scales, of
            blocks.
        """
        tree, _, compiled = self._described(params)
        check_state(state, compiled)
        return take_apart(state, compiled, tree.leaves)

    def averaged(self, params: Any, state: State) -> Any:
        """Return the averages of the parameters over steps, of the option ``average``, nested as the parameters are.

        Parameters that have not been averaged yet are returned as they are. Averages of 16-bit parameters are rounded
        to their dtype.

        Args:
            params: The parameters.
            state: What `init`, or the step before, returned.

        Raises:
            ValueError: The optimizer keeps no averages.
        """
        average = self.options.get("average")
        if average is None:
            raise ValueError("averaged: this optimizer keeps no averages; make it with average=adamas.EMA(...)")

        def value(param: Any, kept: Mapping[str, Any], _: Mapping[str, Any]) -> Any:
            return jnp.where(state.count >= average.start, kept["average"].astype(param.dtype), param)

        return self._map(value, params, state)

    def evaluated(self, params: Any, state: State) -> Any:
        """Return the parameters to evaluate or save: those that the rule has beside the ones that it trains.

        So it is with `ScheduleFreeAdamW` and its relatives. Under other rules it returns the parameters. What was
        `flat` is nested then.

        Args:
            params: The parameters.
            state: What `init`, or the step before, returned.

        Raises:
            ValueError: 16-bit parameters whose low bits are kept apart.
        """
        evaluation = self.engine_class.spec.evaluation
        if evaluation is None:
            return params.tree if isinstance(params, Flat) else params

        def value(param: Any, kept: Mapping[str, Any], group: Mapping[str, Any]) -> Any:
            if "low_bits" in kept or "compensation" in kept:
                raise ValueError("evaluated: parameters whose low bits are kept apart; take master_weights=True")
            y = kept.get("master", param if param.dtype.itemsize > 2 else param.astype(jnp.float32))
            last = {name: value_at(each, jnp.maximum(state.count - 1, 0)) for name, each in group.items()}
            c = {name: jnp.asarray(each, y.dtype) for name, each in evaluation.coefficients(last).items()}
            x = jnp.asarray(evaluation.value(y, kept, c)).astype(param.dtype)
            return jnp.where(state.count > 0, x, param)

        return self._map(value, params, state)

    def observed(self, params: Any, state: State) -> adapters.Observed | None:
        """Return the measurements of the last observed step for each parameter, as `adamas.observe` takes them.

        It reads the state, so it is for the outside of compiled functions.

        Args:
            params: The parameters, or arrays of their shapes and dtypes.
            state: What is kept of them.

        Returns:
            None before the first such step.

        Raises:
            ValueError: The optimizer observes no steps.
        """
        if self.options.get("observe") is None:
            raise ValueError("observed: this optimizer observes no steps; make it with observe=1, or every so many-th")
        tree, _, compiled = self._described(params)
        check_state(state, compiled)
        return observed_in(state, compiled, tree.leaves)

    def to_numpy(self, params: Any, state: State) -> tuple[dict[str, Any], adapters.Optimizer]:
        """Return copies of the parameters as NumPy arrays, and an optimizer of `adamas` that goes on with them.

        Args:
            params: The parameters.
            state: What is kept of them.

        Returns:
            The arrays by name (keys and positions, joined by dots), and the optimizer. Its hyperparameters are those of
            this one; what is a schedule has the value of the next step.
        """
        tree, groups, compiled = self._described(params)
        check_state(state, compiled)
        return to_numpy(self.engine_class, compiled, groups, tree, state, self.options)

    def from_numpy(self, optimizer: adapters.Optimizer, params: Any) -> tuple[Any, State]:
        """Return parameters and state as an optimizer of `adamas` has them, to go on from there.

        Args:
            optimizer: Of the same class, with the same options. Hyperparameters are not taken from it.
            params: Parameters of the same names, shapes and dtypes; their values do not count.

        Raises:
            TypeError: It is of another class.
            ValueError: Its parameters or states are others, or its parameters have taken different numbers of steps.
        """
        tree, _, compiled = self._described(params)
        arrays, state = from_numpy(self.engine_class, compiled, tree.leaves, optimizer, no_report())
        if tree.layout is not None:
            arrays = [tree.layout.join(arrays, tree.held[0].dtype)]
        return tree.like(arrays), state

    def save(self, path: str | os.PathLike[str], params: Any, state: State) -> None:
        """Write a checkpoint of adamas (`adamas.checkpoint`): NumPy optimizers and `load` read it.

        Args:
            path: Of the file, which is replaced at once when all is written.
            params: The parameters.
            state: What is kept of them.

        Raises:
            OSError: The file cannot be written.
        """
        self.to_numpy(params, state)[1].save(path)

    def load(self, path: str | os.PathLike[str], params: Any) -> tuple[Any, State]:
        """Read a checkpoint of adamas; return parameters and state.

        Args:
            path: Of a file that `save`, or a NumPy optimizer of the same class, has written.
            params: Parameters of the same names, shapes and dtypes; their values do not count.

        Raises:
            CheckpointError: No checkpoint, damaged, or one that does not fit; all mismatches are listed.
            OSError: The file cannot be read.
        """
        zeros = jax.tree_util.tree_map(jnp.zeros_like, params)
        _, optimizer = self.to_numpy(zeros, self.init(zeros))
        optimizer.load(path)
        return self.from_numpy(optimizer, params)

    def to_optax(self, params: Any, state: State, into: Any) -> Any:
        """Return a state of optax that has our moments and step count.

        Args:
            params: The parameters.
            state: Our state of them.
            into: What ``init`` of the transformation of optax returned for them.

        Raises:
            ValueError: The rule keeps other numbers than optax does; or there is a moment on one side alone, or in
                fewer bits here.
        """
        tree, _, _ = self._described(params)
        return to_optax(self.engine_class.spec.name, self.states(params, state), tree, state.count, into)

    def from_optax(self, params: Any, given: Any) -> State:
        """Return the state that goes on from one of optax.

        Args:
            params: The parameters.
            given: The state of a transformation of optax that computes the same, such as ``optax.adamw``.

        Raises:
            ValueError: The rule keeps other numbers than optax does; or a moment that this optimizer keeps is missing.
        """
        tree, _, compiled = self._described(params)
        return from_optax(self.engine_class.spec.name, compiled, tree, self.init(params), given)

    def _step(
        self,
        params: Any,
        grads: Any,
        state: State,
        values: Mapping[str, Any],
        grad_scale: Any,
        *,
        after: Any = (),
        in_place: bool = True,
    ) -> tuple[Any, State]:
        tree = describe(params)
        gradients = gradients_like(grads, tree)
        present = [gradient is not None for gradient in gradients] if tree.layout is None else [True] * len(tree.leaves)
        groups = self._groups(params, tree, values)
        compiled = self._compile(tree, groups, present, scaled=grad_scale is not None)
        check_state(state, compiled)
        return take_step(
            compiled, groups, tree, gradients, state, grad_scale=grad_scale, after=after, in_place=in_place
        )

    def _described(self, params: Any) -> tuple[Tree, list[Group], Compiled]:
        """Return what there is to know of parameters, their groups, and a program of their steps."""
        tree = describe(params)
        groups = self._groups(params, tree, self.hyperparameters)
        return tree, groups, self._compile(tree, groups, [True] * len(tree.leaves), scaled=False)

    def _map(self, value: Callable[..., Any], params: Any, state: State) -> Any:
        """Return value(parameter, what is kept of it, its hyperparameters) for each parameter."""
        tree, groups, _ = self._described(params)
        kept = self.states(params, state)
        values = {i: group.values for group in groups for i in group.members}
        given = enumerate(zip(tree.arrays(), tree.leaves, strict=True))
        return tree.nesting.unflatten([value(array, kept[leaf.name], values[i]) for i, (array, leaf) in given])

    def _with(self, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        info = describe_class(self.engine_class)
        for name in hyperparameters:
            if name not in self.hyperparameters:
                raise TypeError(no_argument(name, type(self).__name__, [*self.hyperparameters], []))
        return {**self.hyperparameters, **{name: checked(info, name, each) for name, each in hyperparameters.items()}}

    def _groups(self, params: Any, tree: Tree, values: Mapping[str, Any]) -> list[Group]:
        """Return the parameters that weight decay is for, and those that it is not for."""
        decayed = self._decayed(params, tree)
        parts = [tuple(i for i, each in enumerate(decayed) if each is flag) for flag in (True, False)]
        groups = [Group(values, parts[0]), Group({**values, "weight_decay": 0.0}, parts[1])]
        return [group for group in groups if group.members]

    def _compile(self, tree: Tree, groups: Sequence[Group], present: Sequence[bool], *, scaled: bool) -> Compiled:
        operands = operands_of(groups, scaled=scaled)
        plain = [
            (group.members, tuple(item for item in group.values.items() if not any_dynamic(item[1])))
            for group in groups
        ]
        elements = None if tree.layout is None else tree.layout.size
        key = (tuple(tree.leaves), elements, tuple(plain), tuple(present), operands)
        if key not in self._compiled:
            self._compiled[key] = compile_step(
                self.engine_class, groups, tree.leaves, present, self.options, operands, elements
            )
        return self._compiled[key]

    def _decayed(self, params: Any, tree: Tree) -> list[bool]:
        """Tell for each parameter whether weight decay is for it."""
        if self.mask is None:
            return [True] * len(tree.leaves)
        mask = self.mask
        if callable(mask):
            shapes = [jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in tree.leaves]
            mask = mask(params if tree.layout is None else tree.nested(shapes))
        if "weight_decay" not in self.hyperparameters:
            raise TypeError(f"mask: {type(self).__name__} has no weight decay; leave it out")
        numbers = tree.nested(range(len(tree.leaves)))
        try:  # a flag may stand for all parameters in a part of the tree
            spread = jax.tree_util.tree_map(
                lambda flag, part: [flag] * len(jax.tree_util.tree_leaves(part)), mask, numbers
            )
        except (TypeError, ValueError) as error:
            raise ValueError(f"mask: expected the structure of params; {error}") from None
        flags = jax.tree_util.tree_leaves(spread)
        for flag in flags:
            if not isinstance(flag, bool | np.bool_):
                raise TypeError(f"mask: expected True or False for each parameter, got {shown(flag)}")
        return [bool(flag) for flag in flags]
