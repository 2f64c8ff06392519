"""Arrays that share memory with one another, by all of it, an element or a byte."""

# What is given here is of the wrong type on purpose; helpers stand below the tables that need them.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"
# ruff: noqa: PLW0108

from __future__ import annotations

from typing import Any

import numpy as np
from bits import Array
from hostile.driver import Case, correct, refused
from hostile.scenes import Scene, numbers

from adamas import RowGrad
from adamas._numerics.formats import bfloat16


def memory(count: int) -> Array:
    return np.ones(count, np.float32)


def part(array: Array, first_byte: int, like: Array) -> Any:
    """Return what lies in the memory of an array from a byte on, as an array like another."""
    flat = array.reshape(-1).view(np.uint8)
    return flat[first_byte : first_byte + like.nbytes].view(like.dtype).reshape(like.shape)


def pair(module: Any, distance: int) -> Any:
    """An optimizer over two parameters, the second of which begins so many elements after the first."""
    whole = memory(16)
    return module.AdamW([whole[:8], whole[distance : distance + 8]])


def over_state(scene: Scene, state: str, first: int) -> Any:
    return scene.opt.state["w"][state].reshape(-1)[first:]


_SHARES = "shares memory with"


def _gradient_in_param(scene: Scene, byte: int) -> Any:
    """A gradient of the second parameter of ``deep``, in the first of all."""
    return scene.step(deep=[None, part(scene.params["w"], byte, scene.params["deep"][1])])


def _neighbours(scene: Scene) -> Any:
    """Parameters, gradients and all, each beginning where another ends."""
    whole = np.concatenate([scene.params["w"], scene.grads()["w"]])
    opt = scene.module.AdamW(whole[:6], lr=0.1)
    opt.step(whole[6:])
    return whole[:6].copy()


def _apart(scene: Scene) -> Any:
    param = scene.params["w"].copy()
    scene.module.AdamW(param, lr=0.1).step(scene.grads()["w"])
    return param


CASES: dict[str, Case] = {
    **{
        f"parameters, {distance} elements apart": refused(
            ValueError, rf"params\[1\] {_SHARES} params\[0\]", lambda s, distance=distance: pair(s.module, distance)
        )
        for distance in (0, 1, 7)
    },
    "parameters, one byte into one another": refused(
        ValueError,
        _SHARES,
        lambda s: s.module.AdamW([np.ndarray(4, "f2", m := bytearray(64), 0), np.ndarray(2, "f4", m, 4)]),
    ),
    "parameter in another group": refused(
        ValueError, _SHARES, lambda s: s.module.AdamW([{"params": m} for m in [memory(4)] * 2])
    ),
    "parameter of another dtype in the same memory": refused(
        ValueError, _SHARES, lambda s: s.module.AdamW([m := memory(4), m.view(np.float16)])
    ),
    "parameters next to one another": correct(
        None, lambda s: pair(s.module, 8).step([memory(8), memory(8)]).updated and None
    ),
    "empty parameters in one another": correct(
        None, lambda s: s.module.AdamW([m := memory(4), m[2:2], m[:0]]) and None
    ),
    "a parameter and its gradient are neighbours": correct(_apart, _neighbours, scene="single"),
    **{
        f"gradient in another parameter, from byte {byte} on": refused(
            ValueError,
            rf"(grads\['deep'\]\[1\]|params\['w'\]) {_SHARES} (params\['w'\]|grads\['deep'\]\[1\])",
            lambda s, byte=byte: _gradient_in_param(s, byte),
        )
        for byte in (0, 4, 40)
    },
    "gradient is the parameter itself": refused(ValueError, _SHARES, lambda s: s.step(w=s.params["w"])),
    "gradient is a view of it": refused(ValueError, _SHARES, lambda s: s.step(w=s.params["w"][:])),
    "gradient is it in another dtype": refused(
        ValueError,
        _SHARES,
        lambda s: s.opt.step({"w": part(np.repeat(s.params["w"], 2), 0, s.params["w"]), "deep": s.params["deep"]}),
    ),
    "gradient accumulated from a parameter": refused(
        ValueError, _SHARES, lambda s: s.opt.accumulate(s.grads() | {"w": s.params["w"]})
    ),
    "gradient accumulated from a state": refused(
        ValueError, _SHARES, lambda s: s.opt.accumulate(s.grads() | {"w": s.opt.state["w"]["exp_avg"]})
    ),
    "gradients are one array": refused(
        ValueError, rf"grads\['b'\] {_SHARES} grads\['a'\]", lambda s: _two(s, m := memory(4), m)
    ),
    "gradients share an element": refused(ValueError, _SHARES, lambda s: _two(s, (m := memory(8))[:4], m[3:7])),
    "gradients share a byte": refused(
        ValueError, _SHARES, lambda s: _two(s, np.ndarray(4, "f4", m := bytearray(64)), np.ndarray(4, "f2", m, 14))
    ),
    "gradients in a scope may be one array": correct(
        lambda s: _scoped(s, s.grads()["w"], s.grads()["w"].copy()),
        lambda s: _scoped(s, g := s.grads()["w"], g),
        scene="copied",
    ),
    **{
        f"gradient in the state {name}, from element {first} on": refused(
            ValueError,
            _SHARES,
            lambda s, name=name, first=first: s.step(deep=[None, over_state(s, name, first)[:2]]),
        )
        for name in ("exp_avg", "exp_avg_sq")
        for first in (0, 10)
    },
    "gradient in the codes of a state": refused(
        ValueError,
        _SHARES,
        lambda s: s.step(b=part(s.opt.state["f"]["exp_avg"], 0, s.params["b"])),
        scene="half",
    ),
    "gradient in a master": refused(ValueError, _SHARES, lambda s: s.step(b=s.opt.state["b"]["master"]), scene="half"),
    "gradient in scales": refused(
        ValueError,
        _SHARES,
        lambda s: _one_more(s),
        scene="half",
    ),
    "gradient in an average": refused(
        ValueError, _SHARES, lambda s: s.step(w=s.opt.state["w"]["average"]), scene="averaged"
    ),
    "gradient in a copy": refused(ValueError, _SHARES, lambda s: s.step(w=s.copies[0]), scene="copied"),
    "gradient in the state memory": refused(ValueError, _SHARES, lambda s: _own_memory(s)),
    "copy is a parameter": refused(
        ValueError,
        rf"copy_out\[0\] {_SHARES} params\[1\]|params\[1\] {_SHARES} copy_out\[0\]",
        lambda s: s.module.AdamW([memory(4), h := np.ones(4, np.float16)], copy_out=[h, None]),
    ),
    "copy is in its own parameter": refused(
        ValueError, _SHARES, lambda s: s.module.AdamW(m := memory(4), copy_out=m.view(np.float16)[:4])
    ),
    "copies are one array": refused(
        ValueError,
        rf"copy_out\[1\] {_SHARES} copy_out\[0\]",
        lambda s: s.module.AdamW([memory(4), memory(4)], copy_out=[np.ones(4, np.float16)] * 2),
    ),
    "copies share an element": refused(
        ValueError,
        _SHARES,
        lambda s: s.module.AdamW([memory(4), memory(4)], copy_out=[(c := np.ones(8, bfloat16()))[:4], c[3:7]]),
    ),
    "values of rows are the parameter": refused(
        ValueError,
        _SHARES,
        lambda s: s.step(t=RowGrad(np.array([0, 1]), s.params["t"][:2])),
        scene="rows",
    ),
    "values of rows are a state": refused(
        ValueError,
        _SHARES,
        lambda s: s.step(t=RowGrad(np.array([0, 1]), s.opt.state["t"]["exp_avg"][2:4])),
        scene="rows",
    ),
    "values of rows are another gradient": refused(
        ValueError,
        _SHARES,
        lambda s: s.opt.step({"t": RowGrad(np.array([0]), (m := memory(4))[:3].reshape(1, 3)), "b": m[1:]}),
        scene="rows",
    ),
    "state memory is a parameter": refused(
        ValueError, "state_memory: shares memory with a parameter", lambda s: _memory_over(s, "param")
    ),
    "state memory is a copy": refused(
        ValueError, "state_memory: shares memory with a parameter or its copy", lambda s: _memory_over(s, "copy")
    ),
}


def _two(scene: Scene, a: Any, b: Any) -> Any:
    half = b.dtype == np.float16
    params = {"a": numbers(4), "b": numbers(4, dtype=np.float16 if half else np.float32)}
    return scene.module.AdamW(params, rounding="nearest").step({"a": a, "b": b})


def _scoped(scene: Scene, first: Any, second: Any) -> Any:
    with scene.opt.step_scope() as scope:
        scene.opt.step_param("w", first)
        scene.opt.step_param("b", second[:3])
    return scope.report


def _one_more(scene: Scene) -> Any:
    param = numbers(3)
    opt = scene.module.AdamW([param, numbers(384)], state_dtype="int8")
    return opt.step([opt.state[1]["exp_avg_scale"], None])


def aligned(count: int) -> Any:
    whole = np.zeros(count + 64, np.uint8)
    first = -whole.ctypes.data % 64
    return whole[first : first + count]


def _own_memory(scene: Scene) -> Any:
    kept: list[Any] = []

    def make(count: int) -> Any:
        kept.append(aligned(count))
        return kept[0]

    param = numbers(16)
    opt = scene.module.AdamW(param, state_memory=make)
    return opt.step(kept[0][32:96].view(np.float32))


def _memory_over(scene: Scene, what: str) -> Any:
    """Lion keeps 64 bytes for 16 parameters: over the first of them, or over their copies."""
    param, copy = aligned(64).view(np.float32), aligned(64).view(np.float16)
    target = param if what == "param" else copy
    return scene.module.Lion(param, copy_out=copy[:16], state_memory=lambda count: target.view(np.uint8)[:count])
