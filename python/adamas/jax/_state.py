"""The state of an optimizer between steps: a few flat buffers, and the layout of the arrays in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adamas.adapters import Observed
from adamas.adapters.checks import shown, type_name
from adamas.jax._programs import Compiled
from adamas.jax._trees import Leaf
from adamas.jax.handler import split_codes


class State(NamedTuple):
    """What an optimizer keeps between steps: a pytree.

    Attributes:
        count: Steps taken, int32.
        buffers: The states of all parameters under each name, one after the other in one array: ``"exp_avg"``, and so
            on. `Optimizer.states` shows them by parameter.
        report: Of the last step, float32: the norm of the gradients (NaN if it was not taken), the factor that clipping
            multiplied them by, 1 if the step was skipped, and the number of the first parameter whose gradient is not
            finite, or -1.
    """

    count: jax.Array
    buffers: dict[str, jax.Array]
    report: jax.Array


def no_report() -> jax.Array:
    """Return what is told of steps before the first."""
    return jnp.array([jnp.nan, 1.0, 0.0, -1.0], jnp.float32)


def keys_of(compiled: Compiled) -> list[str]:
    """Return what the state calls each buffer: its name, with the dtype where there are several of one name."""
    buffers = compiled.program.buffers
    names = [buffer.name for buffer in buffers]
    return [each.name if names.count(each.name) == 1 else f"{each.name}_{each.dtype}" for each in buffers]


def check_state(state: State, compiled: Compiled) -> None:
    """Refuse what is not the state of these parameters.

    Raises:
        TypeError: It is no state at all.
        ValueError: It is that of other parameters, or of another optimizer.
    """
    if not isinstance(state, State):
        raise TypeError(f"state: expected a State, as init returns it, got {type_name(state)}")
    count = state.count
    if getattr(count, "shape", None) != () or count.dtype != jnp.int32:
        raise TypeError(f"state.count: expected one number, int32, got {shown(count)}")
    keys = keys_of(compiled)
    if sorted(state.buffers) != sorted(keys):
        raise ValueError(f"state: holds {sorted(state.buffers)}, but this optimizer keeps {sorted(keys)}")
    for key, buffer in zip(keys, compiled.program.buffers, strict=True):
        held = state.buffers[key]
        if held.dtype.name != buffer.dtype or held.size * held.dtype.itemsize != buffer.nbytes:
            raise ValueError(
                f"state.buffers[{key!r}]: expected {buffer.nbytes} bytes of {buffer.dtype}, got {held.size} of "
                f"{held.dtype.name}: it is the state of other parameters, or of another optimizer"
            )


def take_apart(state: State, compiled: Compiled, leaves: Sequence[Leaf]) -> dict[str, dict[str, Any]]:
    """Return what is kept of each parameter, by its name and the name of the state."""
    keys = keys_of(compiled)
    found: dict[str, dict[str, Any]] = {leaf.name: {} for leaf in leaves}
    for place, i in enumerate(compiled.order):
        for part in compiled.program.parts[place]:
            buffer = state.buffers[keys[part.buffer]]
            start, stop = (edge // buffer.dtype.itemsize for edge in (part.offset, part.offset + part.nbytes))
            split = _split(part.name, buffer[start:stop], compiled.shapes[place], leaves[i])
            found[leaves[i].name].update(split)
    return found


def observed_in(state: State, compiled: Compiled, leaves: Sequence[Leaf]) -> Observed | None:
    """Return the measurements of the last observed step; None before the first."""
    numbers = np.array(state.buffers["observed"]).view(np.float64)
    step, measures = int(numbers[0]), numbers[1:].reshape(-1, len(leaves))
    if step == 0:
        return None
    places = np.argsort(compiled.order)
    names = tuple(leaf.name for leaf in leaves)
    return Observed(step, measures[:, places], names, tuple(compiled.formats[place] for place in places))


def _split(name: str, flat: Any, shapes: Mapping[str, tuple[int, ...]], leaf: Leaf) -> dict[str, Any]:
    """Return one state of a parameter, or codes and scales."""
    shape = shapes[name]
    if f"{name}_scale" in shapes:
        return dict(zip((name, f"{name}_scale"), split_codes(flat, shape), strict=True))
    return {name: flat.reshape(leaf.shape if shape == (leaf.size,) else shape)}


#: Of the parameter at this place of the program, what is kept under this name: one array, or codes and scales; None for
#: zeros.
Values = Callable[[int, str], "Sequence[Any] | None"]


def put_together(compiled: Compiled, values: Values, scalars: Sequence[float], count: Any, report: Any) -> State:
    """Return a state.

    Args:
        compiled: A program of the steps.
        values: What is kept of each parameter.
        scalars: The numbers that rules keep, in the order of the program; then those of all parameters.
        count: Steps taken.
        report: Of the last one.
    """
    buffers = {}
    for number, key in enumerate(keys_of(compiled)):
        buffer = compiled.program.buffers[number]
        if buffer.name == "scalars":
            buffers[key] = jnp.asarray(np.array(scalars, np.float64).view(np.uint32))
        else:
            buffers[key] = _join(compiled, number, jnp.dtype(buffer.dtype), values)
    return State(count, buffers, report)


def _join(compiled: Compiled, number: int, dtype: Any, values: Values) -> jax.Array:
    size = compiled.program.buffers[number].nbytes // dtype.itemsize
    pieces: list[Any] = []
    end = 0
    for start, flat in _pieces(compiled, number, dtype, values):
        pieces += [jnp.zeros(start - end, dtype), flat]
        end = start + flat.size
    return jnp.concatenate([*pieces, jnp.zeros(size - end, dtype)]) if pieces else jnp.zeros(size, dtype)


def _pieces(compiled: Compiled, number: int, dtype: Any, values: Values) -> Iterator[tuple[int, Any]]:
    for place, parts in enumerate(compiled.program.parts):
        for part in parts:
            found = values(place, part.name) if part.buffer == number else None
            if found is None:
                continue
            flat = [_as_words(array, dtype, is_scale=k > 0) for k, array in enumerate(found)]
            size = part.nbytes // dtype.itemsize
            if any(each.dtype != dtype for each in flat) or sum(each.size for each in flat) != size:
                kept = ", ".join(f"{np.shape(array)} of {np.asarray(array).dtype.name}" for array in found)
                raise ValueError(
                    f"state: {part.name!r} of a parameter is {kept or 'missing'}, but here are {size} numbers of "
                    f"{dtype.name}; it is that of another optimizer, or has another state_dtype"
                )
            yield part.offset // dtype.itemsize, jnp.concatenate(flat)


def _as_words(array: Any, dtype: Any, *, is_scale: bool) -> Any:
    """Return an array, flat; scales as the bytes that they are beside codes."""
    flat = jnp.ravel(jnp.asarray(array))
    return jnp.ravel(jax.lax.bitcast_convert_type(flat, dtype)) if is_scale else flat
