"""`adamas.adapters.SteppingCall`: a compiled `__call__` for libraries that call for one tensor after the other."""

from __future__ import annotations

import gc
import inspect
import weakref
from typing import Any

import numpy as np
import pytest

import adamas
from adamas.adapters import BoundOptimizer, SteppingCall, StepTable


class Stepper:
    """An optimizer of some library."""

    __slots__ = ("__weakref__", "calls", "table")

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def __call__(self, key: Any, array: Any, gradient: Any, *, scale: float = 1.0) -> Any:
        """Step."""
        self.calls.append((key, scale))
        return "by the function"


Stepper.__call__ = SteppingCall(Stepper.__call__, Stepper.__dict__["table"])  # type: ignore[method-assign]


def _table(array: Any, **options: Any) -> StepTable:
    bound = BoundOptimizer(adamas.SGD, [{"params": {"w": array}, "lr": 0.5}], **options)
    table = StepTable()
    bound.put_into(table, "w", 0)
    table.prepare(bound.param_groups, bound.step_options)
    return table


def test_it_steps_by_the_table_that_the_slot_holds() -> None:
    array, gradient = np.zeros(2, np.float32), np.ones(2, np.float32)
    stepper: Any = Stepper()
    assert stepper("w", array, gradient) == "by the function"  # the slot is empty
    stepper.table = None
    assert stepper("w", array, gradient) == "by the function"
    stepper.table = _table(array)
    del stepper.calls[:]
    returned = stepper("w", array, gradient)
    assert returned[0] is array
    assert returned[1] is gradient
    assert array.tolist() == [-0.5, -0.5]
    assert stepper.__call__("w", array, gradient)[0] is array
    assert stepper.calls == []
    assert array.tolist() == [-1.0, -1.0]


def test_all_else_goes_to_the_function() -> None:
    array, gradient = np.zeros(2, np.float32), np.ones(2, np.float32)
    stepper: Any = Stepper()
    stepper.table = _table(array, on_nonfinite="skip")
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        (("other", array, gradient), {}),  # unknown to the table
        (("w", array, gradient[:1]), {}),  # refused
        (("w", array, gradient * np.inf), {}),  # skipped
        (("w", array, gradient), {"scale": 2.0}),
        (("w", array), {"gradient": gradient}),
    ]
    for given, named in calls:
        assert stepper(*given, **named) == "by the function"
    assert stepper.calls == [("other", 1.0), ("w", 1.0), ("w", 1.0), ("w", 2.0), ("w", 1.0)]
    assert array.tolist() == [0.0, 0.0]
    for wrong in ((), ("w",), ("w", array, gradient, 1)):
        with pytest.raises(TypeError, match="positional argument"):
            stepper(*wrong)
    with pytest.raises(TypeError, match="unhashable"):
        stepper([], array, gradient)


def test_subclasses_and_strangers() -> None:
    class Sub(Stepper):
        pass

    array, gradient = np.zeros(2, np.float32), np.ones(2, np.float32)
    stepper: Any = Sub()
    stepper.table = _table(array)
    assert stepper("w", array, gradient)[0] is array
    stranger: Any = type("Stranger", (), {"calls": []})()
    call: Any = Stepper.__call__
    assert call(stranger, "w", array, gradient) == "by the function"
    assert call(stepper, "w", array, gradient)[0] is array
    with pytest.raises(TypeError):
        call()


def test_it_looks_like_the_function() -> None:
    call: Any = Stepper.__call__
    assert call.__doc__ == "Step."
    assert call.__name__ == "__call__"
    assert call.__module__ == __name__
    assert SteppingCall.__module__ == "adamas._core"
    assert "slot:" in str(SteppingCall.__doc__)
    assert list(inspect.signature(Stepper()).parameters) == ["key", "array", "gradient", "scale"]
    assert next(iter(inspect.signature(Stepper.__call__).parameters)) == "self"
    with pytest.raises(AttributeError, match="nothing"):
        assert call.nothing


@pytest.mark.parametrize("slot", [None, "table", int.__dict__["real"], Stepper.__call__, property()])
def test_the_slot_must_be_one(slot: Any) -> None:
    with pytest.raises(TypeError, match="__slots__"):
        SteppingCall(print, slot)
    with pytest.raises(TypeError):
        SteppingCall(print)  # type: ignore[call-arg]


def test_it_is_collected_with_its_class() -> None:
    def make() -> weakref.ref[type]:
        class Own:
            __slots__ = ("__weakref__", "table")

            def __call__(self, key: Any, array: Any, gradient: Any) -> None: ...

        Own.__call__ = SteppingCall(Own.__call__, Own.__dict__["table"])  # type: ignore[method-assign]
        return weakref.ref(Own)

    known = make()
    gc.collect()
    assert known() is None
