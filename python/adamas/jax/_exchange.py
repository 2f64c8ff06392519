"""Conversion of states from and to NumPy optimizers (and so checkpoints of adamas), and optax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from adamas import adapters
from adamas.jax._flat import Flat
from adamas.jax._programs import Compiled, Group
from adamas.jax._state import State, put_together, take_apart
from adamas.jax._trees import Leaf, Tree, is_dynamic, value_at
from adamas.rules.optax_functions import ALIKE, IN_OPTAX


def to_numpy(
    engine_class: type[adapters.Optimizer],
    compiled: Compiled,
    groups: Sequence[Group],
    tree: Tree,
    state: State,
    options: Mapping[str, Any],
) -> tuple[dict[str, Any], adapters.Optimizer]:
    """Return copies of the parameters, by name, and an optimizer over them in this state."""
    leaves = tree.leaves
    given = zip(leaves, tree.arrays(), strict=True)
    copies = {leaf.name: np.array(array, leaf.dtype, order="C") for leaf, array in given}
    copies = {name: array if array.ndim else array.reshape(1) for name, array in copies.items()}
    count = int(state.count)
    described = [
        {
            "params": {leaves[i].name: copies[leaves[i].name] for i in group.members},
            **{name: _plain(value_at(value, state.count)) for name, value in group.values.items()},
        }
        for group in groups
    ]
    optimizer: adapters.Optimizer = engine_class(
        described if len(described) > 1 else described[0]["params"], **_own(described), **options
    )
    saved = optimizer.state_dict(copy=False)
    kept = take_apart(state, compiled, leaves)
    scalars = iter(_scalars(state))
    for i in compiled.order:
        entry = saved["state"][leaves[i].name]
        entry["step"] = count
        for key, value in entry.items():
            if isinstance(value, np.ndarray):
                entry[key] = np.asarray(kept[leaves[i].name][key]).reshape(value.shape)
            elif key == "n_averaged":
                entry[key] = options["average"].count_until(count)
            elif key != "step":
                entry[key] = next(scalars)
    saved["step"] = count
    saved.update({"scalars": dict(zip(saved["scalars"], scalars, strict=True))} if "scalars" in saved else {})
    optimizer.load_state_dict(saved)
    return copies, optimizer


def from_numpy(
    engine_class: type[adapters.Optimizer],
    compiled: Compiled,
    leaves: Sequence[Leaf],
    optimizer: adapters.Optimizer,
    report: Any,
) -> tuple[list[Any], State]:
    """Return the parameters, in the order of the leaves, and the state of a NumPy optimizer.

    Raises:
        TypeError: It is of another class.
        ValueError: It has other parameters, or they have taken different numbers of steps.
    """
    if type(optimizer) is not engine_class:
        raise TypeError(f"optimizer: expected an adamas.{engine_class.__name__}, got {type(optimizer).__name__}")
    saved = optimizer.state_dict(copy=False)
    names = [leaves[i].name for i in compiled.order]
    if sorted(saved["state"]) != sorted(names):
        raise ValueError(f"optimizer: has parameters {sorted(saved['state'])}, expected {sorted(names)}")
    entries = [saved["state"][name] for name in names]
    counts = {entry["step"] for entry in entries}
    if len(counts) != 1:
        raise ValueError(f"optimizer: its parameters have taken {sorted(counts)} steps; under JAX, all count together")

    def values(place: int, name: str) -> Sequence[Any] | None:
        entry = entries[place]
        return [np.array(entry[key]) for key in (name, f"{name}_scale") if key in entry]

    numbers = ("step", "n_averaged")
    scalars = [
        value
        for entry in entries
        for key, value in entry.items()
        if key not in numbers and not isinstance(value, np.ndarray)
    ]
    scalars += saved.get("scalars", {}).values()
    state = put_together(compiled, values, scalars, jnp.asarray(counts.pop(), jnp.int32), report)
    held = {name: array for group in optimizer.param_groups for name, array in _named(group["params"]).items()}
    arrays = [jnp.asarray(np.array(held[leaf.name])).reshape(leaf.shape) for leaf in leaves]
    return arrays, state


def to_optax(rule: str, kept: Mapping[str, Mapping[str, Any]], tree: Tree, count: Any, into: Any) -> Any:
    """Return a state of optax with our moments and step count in it.

    Args:
        rule: The optimizer's.
        kept: Our states, by parameter.
        tree: The parameters.
        count: Steps taken.
        into: What optax's ``init`` returned for these parameters.

    Raises:
        ValueError: The rule keeps other numbers than optax does; or there is a moment on one side alone.
    """
    _check_rule(rule)
    used: set[str] = set()

    def fill(part: Any) -> Any:
        if not _is_record(part):
            if hasattr(part, "shape"):
                raise ValueError(f"into: optax keeps an array of shape {part.shape} that adamas does not know")
            return part
        found = {}
        for name, value in part._asdict().items():
            if name in IN_OPTAX:
                ours = _moment(kept[tree.leaves[0].name], name)
                used.add(ours)
                arrays = [kept[leaf.name][ours] for leaf in tree.leaves]
                found[name] = tree.like([tree.layout.join(arrays, arrays[0].dtype)] if tree.layout else arrays)
            elif name == "count":
                found[name] = jnp.asarray(count, jnp.int32)
            else:
                found[name] = fill_tree(value)
        return type(part)(**found)

    def fill_tree(part: Any) -> Any:
        return jax.tree_util.tree_map(fill, part, is_leaf=_is_record)

    filled = fill_tree(into)
    left = set(kept[tree.leaves[0].name]) - used - {"average", "master"}
    if left:
        raise ValueError(f"into: adamas keeps {', '.join(sorted(left))}, which this state of optax has no place for")
    return filled


def from_optax(rule: str, compiled: Compiled, tree: Tree, first: State, given: Any) -> State:
    """Return our state with the moments and the step count of a state of optax.

    Raises:
        ValueError: The rule keeps other numbers than optax does; or a moment that we keep is not there, or is kept in
            fewer bits here.
    """
    _check_rule(rule)
    found: dict[str, list[Any]] = {}
    counts: list[Any] = []

    def look(part: Any) -> None:
        if not _is_record(part):
            return
        for name, value in part._asdict().items():
            if name in IN_OPTAX:
                is_flat = isinstance(value, Flat)
                found[name] = value.layout.split(value.buffer) if is_flat else tree.nesting.flatten_up_to(value)
            elif name == "count":
                counts.append(value)
            else:
                jax.tree_util.tree_map(look, value, is_leaf=_is_record)

    jax.tree_util.tree_map(look, given, is_leaf=_is_record)

    def values(place: int, name: str) -> Sequence[Any] | None:
        for theirs, ours in IN_OPTAX.items():
            if name in ours and theirs in found:
                return [found[theirs][compiled.order[place]]]
        raise ValueError(f"state: optax keeps nothing that is {name!r} of adamas there; it has {sorted(found)}")

    count = counts[0] if counts else first.count
    return put_together(compiled, values, (), jnp.asarray(count, jnp.int32), first.report)


def _check_rule(rule: str) -> None:
    if rule not in ALIKE:
        raise ValueError(f"{rule} keeps other numbers than optax does; there are conversions for {', '.join(ALIKE)}")


def _is_record(tree: Any) -> bool:
    return isinstance(tree, tuple) and hasattr(tree, "_fields")


def _moment(kept: Mapping[str, Any], name: str) -> str:
    for ours in IN_OPTAX[name]:
        if ours in kept and f"{ours}_scale" not in kept:
            return ours
    raise ValueError(f"into: optax keeps {name!r}, and adamas has {sorted(kept)}")


def _plain(value: Any) -> Any:
    """Return a hyperparameter, or several, as plain numbers."""
    if isinstance(value, tuple | list):
        return tuple(map(_plain, value))
    return float(value) if is_dynamic(value) else value


def _own(groups: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in groups[0].items() if name != "params"}


def _scalars(state: State) -> list[float]:
    held = state.buffers.get("scalars")
    return [] if held is None else [float(value) for value in np.array(held).view(np.float64)]


def _named(params: Any, prefix: str = "") -> dict[str, Any]:
    """Return arrays by name, as adamas names them."""
    if isinstance(params, Mapping):
        items: Any = params.items()
    elif isinstance(params, list | tuple):
        items = enumerate(params)
    else:
        return {prefix or "0": params}
    found = {}
    for key, value in items:
        found.update(_named(value, f"{prefix}.{key}" if prefix else str(key)))
    return found
