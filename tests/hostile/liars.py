"""Objects that lie about themselves: subclasses, and objects that implement NumPy's protocols."""

# What is given here is of the wrong type on purpose.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from bits import Array
from hostile.arrays import SHAPE, W, as_both
from hostile.driver import Case, correct, refused


class FinalizeRaises(Array):
    armed = False

    def __array_finalize__(self, base: Any) -> None:
        if FinalizeRaises.armed:
            raise RuntimeError("finalized")


class UfuncRaises(Array):
    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("no ufunc")


class NoUfunc(Array):
    __array_ufunc__ = None


class FunctionRaises(Array):
    def __array_function__(self, *args: Any) -> Any:
        raise RuntimeError("no function")


class ItemRaises(Array):
    def __getitem__(self, key: Any) -> Any:
        raise RuntimeError("no items")


class LyingShape(Array):
    shape = property(lambda self: SHAPE)


class LyingDtype(Array):
    dtype = property(lambda self: np.dtype(np.float32))


class LyingFlags(Array):
    flags = property(lambda self: np.ones(1).flags)


class LyingAddress(Array):
    __array_interface__ = property(lambda self: {"data": (0, False), "shape": SHAPE, "typestr": "<f4", "version": 3})


class LyingClass(Array):
    __class__ = property(lambda self: np.ndarray)


class LyingLength(Array):
    def __len__(self) -> int:
        return 1 << 62


class LyingEquality(Array):
    def __eq__(self, other: object) -> Any:
        return True

    __hash__ = None


def _view(cls: Any) -> Callable[[], Any]:
    return lambda: W.copy().view(cls)


_SUBCLASSES = [
    FinalizeRaises, UfuncRaises, NoUfunc, FunctionRaises, ItemRaises, LyingShape, LyingDtype, LyingFlags, LyingAddress,
    LyingClass, LyingLength, LyingEquality, np.matrix, np.recarray,
]  # fmt: skip


class Interface:
    """Speaks for memory that is not there."""

    def __init__(self, **changes: Any) -> None:
        self.__array_interface__ = {
            "data": (8, False), "shape": SHAPE, "typestr": "<f4", "version": 3, **changes,
        }  # fmt: skip


class Struct:
    @property
    def __array_struct__(self) -> Any:
        return object()


class Dlpack:
    def __dlpack__(self, **options: Any) -> Any:
        raise RuntimeError("no capsule")

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


class DlpackCapsule(Dlpack):
    def __dlpack__(self, **options: Any) -> Any:
        return object()


class Exchange:
    """Says that its tensors are looked at through what is no such thing."""

    __dlpack_c_exchange_api__ = object()


class ArrayRaises:
    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("no array")


class ArrayOfNone:
    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return None


class Itself:
    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self


class NoAttributes:
    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{name} is not to be asked for")


class AllAttributes:
    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self


class ClassRaises:
    @property
    def __class__(self) -> Any:
        raise RuntimeError("no class")


class SaysArray:
    __class__ = np.ndarray


class SaysList:
    __class__ = list


class SaysDict:
    __class__ = dict


class SaysRowGrad:
    from adamas import RowGrad

    __class__ = RowGrad


class ReprRaises:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class LengthRaises:
    def __len__(self) -> int:
        raise RuntimeError("no length")


class IterRaises:
    def __iter__(self) -> Any:
        raise RuntimeError("no iterator")


class EqualsAll:
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("w")


class HashRaises:
    def __hash__(self) -> int:
        raise RuntimeError("no hash")


class BoolRaises:
    def __bool__(self) -> bool:
        raise RuntimeError("neither true nor false")


_OBJECTS: dict[str, Callable[[], Any]] = {
    "address of nothing": Interface,
    "null pointer": lambda: Interface(data=(0, False)),
    "negative address": lambda: Interface(data=(-1, False)),
    "no data": lambda: Interface(data=None),
    "endless": lambda: Interface(shape=(1 << 62, 1 << 62)),
    "negative shape": lambda: Interface(shape=(-3, 4)),
    "no shape": lambda: Interface(shape=None),
    "no type": lambda: Interface(typestr=None),
    "no version": lambda: Interface(version=None),
    "a struct that is none": Struct,
    "dlpack raises": Dlpack,
    "dlpack gives no capsule": DlpackCapsule,
    "exchange is none": Exchange,
    "__array__ raises": ArrayRaises,
    "__array__ is None": ArrayOfNone,
    "__array__ is itself": Itself,
    "attributes raise": NoAttributes,
    "all attributes": AllAttributes,
    "class raises": ClassRaises,
    "says it is an array": SaysArray,
    "says it is a list": SaysList,
    "says it is a dict": SaysDict,
    "says it is a RowGrad": SaysRowGrad,
    "repr raises": ReprRaises,
    "len raises": LengthRaises,
    "iter raises": IterRaises,
    "equals all": EqualsAll,
    "hash raises": HashRaises,
    "bool raises": BoolRaises,
}


CASES: dict[str, Case] = {
    **{
        f"subclass {cls.__name__}": refused(
            TypeError, r"expected a numpy.ndarray, got .*subclass", *as_both(_view(cls))
        )
        for cls in _SUBCLASSES
    },
    **{
        f"liar {name}": refused(TypeError, r": expected a numpy.ndarray, got ", *as_both(make))
        for name, make in _OBJECTS.items()
    },
    "liar that NumPy has read": correct(
        lambda s: s.step(),
        lambda s: s.step(w=_through_interface(s.grads()["w"])),
    ),
}


class Honest:
    def __init__(self, array: Array) -> None:
        self.array = array
        self.__array_interface__ = array.__array_interface__


def _through_interface(grad: Array) -> Any:
    return np.asarray(Honest(grad))
