"""Steps in guarded memory, to be run in a process of its own: an access out of bounds kills it.

``python guarded_steps.py`` steps every rule and number format, on every instruction set, in arrays that end at a guard
page and in arrays that begin after one; with ``--all`` in all lengths, which takes a minute. ``python guarded_steps.py
--planted`` sees that the guards work.
"""

from __future__ import annotations

import faulthandler
import itertools
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from bits import Array
from cases import CASES, DTYPES, GRADIENTS, RESIDUES, STATES, Case
from guarded import Guarded

import adamas
from adamas import RowGrad, _core, functional
from adamas.rules import SPECS

#: Of arrays: every tail of every vector, and what goes around blocks of 128 and pieces of 2,048 elements.
LENGTHS = [*range(19), 31, 32, 33, 63, 65, 127, 129, 2047, 2049]
#: Of those that are stepped in all number formats, two with each combination of rule and formats, or all. The last two
#: fill 16 blocks, whose scales end with a cache line.
FEW = [1, 7, 18, 129, 1921, 2047]
#: So many steps run on one thread for each that runs on two.
ON_TWO_THREADS = 40

#: One case for each rule, and the function that updates by it.
RULES: dict[str, Case] = {}
for case in reversed(CASES):
    optimizer = case.reference([np.ones(1)])
    RULES[optimizer._model.groups.records[0].formula.name] = case

_CANARY = 0xA5

MEMORY = Guarded(512 * 1024)
#: What a step came to, wherever its arrays lay.
EXPECTED: dict[Any, list[bytes]] = {}
COUNTS: Counter[str] = Counter()


def everywhere() -> Iterator[tuple[str, bool]]:
    """Yield every instruction set, and where arrays lie, and start from the first place each time."""
    for isa, at_end in itertools.product(adamas.available_isas(), (True, False)):
        adamas.use_isa(isa)
        MEMORY.reset()
        yield isa, at_end


def about(*what: Any) -> None:
    """Say what comes next, should it be the last."""
    print(*what, file=sys.stderr)


def check(key: Any, arrays: list[Array]) -> None:
    """See that a result is the same as in other places."""
    COUNTS["steps"] += 1
    found = [array.tobytes() for array in arrays]
    if EXPECTED.setdefault(key, found) != found:
        raise AssertionError(f"another result: {key}")


def draw(size: int | tuple[int, ...], dtype: Any, seed: int = 0) -> Array:
    drawn: Array = np.random.default_rng(seed).standard_normal(size).astype(dtype)
    return drawn


def update_of(case: Case) -> Any:
    """Return the function of `adamas.functional` that does what an optimizer does."""
    return getattr(functional, SPECS[case.optimizer].function)


def step_functions(rule: str, case: Case, dtype: Any) -> None:
    """Updates whose arrays are all in places of their own."""
    update, options = update_of(case), dict(case.options)
    takes_group = case.optimizer not in ("Adam", "AdamW")
    if not takes_group:
        options.pop("amsgrad", None)
    for length in LENGTHS:
        param, grad = draw(length, dtype), draw(length, dtype, 1)
        opt = case.compiled([param.copy()])
        kept = opt.state[0]
        scalars = {key: value for key, value in kept.items() if key != "step" and not isinstance(value, np.ndarray)}
        scalars |= opt.scalars
        states = [value for value in kept.values() if isinstance(value, np.ndarray)]
        for place in everywhere():
            about(rule, np.dtype(dtype), length, *place)
            _, at_end = place
            arrays = [MEMORY.array(array, at_end=at_end) for array in (param, grad, *states)]
            more: dict[str, Any] = {"scalars": dict(scalars) or None} if takes_group else {}
            for step in (1, 2):
                update(*arrays, step=step, num_threads=1, **more, **options)
            check((rule, np.dtype(dtype).name, length), arrays)


def step_formats(rule: str, case: Case, dtype: str, state_dtype: str, order: Iterator[int]) -> None:
    """Optimizers whose states lie in one block, of which nothing but the states may change."""
    for k in itertools.islice(order, len(FEW) if "--all" in sys.argv else 2):
        length = FEW[k % len(FEW)]
        residue = RESIDUES[dtype][k % len(RESIDUES[dtype])]
        grad_dtype, average = [*GRADIENTS.values()][k % len(GRADIENTS)], [None, adamas.EMA(0.5)][k % 2]
        for place in everywhere():
            about(rule, dtype, state_dtype, residue, grad_dtype, average, length, *place)
            _, at_end = place
            param = MEMORY.array(draw(length, DTYPES[dtype]), at_end=at_end)
            grad = MEMORY.array(draw(length, grad_dtype, 1), at_end=at_end)
            copy = None if dtype != "float32" else MEMORY.array(draw(length, DTYPES["bfloat16"]), at_end=at_end)
            block: list[Any] = []

            def make(count: int, at_end: bool = at_end, block: list[Any] = block) -> Any:
                block.append(MEMORY.take(count, at_end=at_end))
                return block[0]

            options = {
                "state_dtype": state_dtype,
                "average": average,
                "num_threads": 1 + (k % ON_TWO_THREADS == 0),
                **residue,
            }
            opt = case.compiled([param], copy_out=[copy], state_memory=make, **options)
            states = [value for value in opt.state[0].values() if isinstance(value, np.ndarray)]
            spare = spare_bytes(block, states, state_dtype)
            for array in block:
                array[spare] = _CANARY
            opt.step([grad], max_norm=1.0 if k % 3 == 0 else None, max_value=0.5 if k % 3 == 1 else None)
            opt.accumulate([grad])
            opt.step([grad], zero_grads=True, on_nonfinite="skip")
            if any((array[spare] != _CANARY).any() for array in block):
                raise AssertionError(f"written between states: {rule}, {dtype}, {options}, {length}, {place}")
            check((rule, dtype, length, str(options)), [param, grad, *states, *([] if copy is None else [copy])])


def spare_bytes(block: list[Any], states: list[Array], state_dtype: str) -> Array:
    """Return which bytes of the block are of no state; count the blocks that have none at their end."""
    if not block:
        return np.zeros(0, bool)
    spare = np.ones(block[0].size, bool)
    for state in states:
        if state.nbytes:
            first = state.ctypes.data - block[0].ctypes.data
            spare[first : first + state.nbytes] = False
    COUNTS[f"{state_dtype} states that end at the guard"] += not spare[-1]
    return spare


def step_rows(mode: str, columns: int, index: Any) -> None:
    """Gradients of single rows, the first and the last among them."""
    rows = np.array([6, 0, 3, 6, 6, 5], index)
    for name, grad_dtype in itertools.product(("Adam", "AdamW"), GRADIENTS.values()):
        for place in everywhere():
            about(mode, columns, index, name, grad_dtype, *place)
            _, at_end = place
            table = MEMORY.array(draw((7, columns), np.float32), at_end=at_end)
            opt = getattr(adamas, name)(
                {"t": table}, sparse={"t": mode}, num_threads=1 + (columns == 19 and name == "Adam")
            )
            for step in range(3):
                given = MEMORY.array(rows[step:], at_end=at_end)
                values = MEMORY.array(draw((len(given), columns), grad_dtype, step), at_end=at_end)
                opt.step({"t": RowGrad(given, values)}, max_norm=1.0, max_value=0.5, zero_grads=step == 1)
            opt.catch_up("t", MEMORY.array(rows[::-1], at_end=at_end))
            check((mode, columns, index, name, grad_dtype.name), [table, values])


def main() -> None:
    """Step everything; the last line says how much that was."""
    faulthandler.enable()
    _core.set_bytes_per_thread(1)
    order = itertools.count()
    for rule, case in RULES.items():
        next(order)  # so that not all rules meet the same formats in the same lengths
        step_functions(rule, case, np.float32)
        step_functions(rule, case, np.float64)
        for dtype, state_dtype in itertools.product(DTYPES, STATES):
            step_formats(rule, case, dtype, state_dtype, order)
    for mode, columns, index in itertools.product(("lazy", "exact"), (1, 3, 16, 19, 100), (np.int64, np.int32)):
        step_rows(mode, columns, index)
    for name, count in sorted(COUNTS.items()):
        print(f"{name}: {count}")


def _touch(address: int) -> Callable[[], Any]:
    import ctypes

    return lambda: ctypes.string_at(address, 1)


def _longer(array: Array) -> Any:
    """The same array, with one element that is not its own."""
    return np.lib.stride_tricks.as_strided(array, (len(array) + 1,), array.strides)


def planted() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield accesses that are out of bounds by a byte or an element."""
    last, first = MEMORY.take(100, at_end=True), MEMORY.take(100, at_end=False)
    yield "the last byte inside", _touch(last.ctypes.data + 99)
    yield "the byte after", _touch(last.ctypes.data + 100)
    yield "the first byte inside", _touch(first.ctypes.data)
    yield "the byte before", _touch(first.ctypes.data - 1)
    for isa, which in itertools.product(adamas.available_isas(), range(-1, 4)):
        arrays = [MEMORY.array(draw(33, np.float32), at_end=True)[:32] for _ in range(4)]
        arrays = [_longer(a) if k != which else _longer(_longer(a)[1:]) for k, a in enumerate(arrays)]
        inside = which < 0
        name = f"a step on {isa}, all inside" if inside else f"a step on {isa}, array {which} one element too far"

        def step(isa: str = isa, arrays: list[Any] = arrays) -> None:
            adamas.use_isa(isa)
            functional.adam_(*arrays, step=1)

        yield name, step


def try_planted() -> None:
    """Try each in a forked process, and print how it ended."""
    for name, act in planted():
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                act()
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        ended = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else str(os.WEXITSTATUS(status))
        print(f"{name}: {ended}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--planted"]:
        try_planted()
    else:
        main()
