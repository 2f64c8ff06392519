"""Refusals, raised while tracing: an error in a step would come after the parameters were donated."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

import adamas
import adamas.jax
from adamas._inputs import precision

PARAMS = {"a": jnp.ones((3, 4)), "b": jnp.ones(5)}
OPT: Any = adamas.jax.AdamW(0.1)
ADAM: Any = adamas.jax.Adam


def state() -> Any:
    """Return that of `PARAMS`."""
    return OPT.init(PARAMS)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: adamas.jax.AdamW(max_lr=lambda count: 0.1), TypeError, "max_lr: cannot change from step to step"),
        (lambda: adamas.jax.AdamW(cautious=jnp.asarray(True)), TypeError, "cautious: cannot change from step to step"),
        (
            lambda: adamas.jax.Adam(betas=lambda count: 0.5),
            TypeError,
            "betas: expected 2 numbers, each of which may be",
        ),
        (lambda: adamas.jax.Adam(betas=(lambda count: 0.5,)), TypeError, "betas: expected 2 numbers"),
        (lambda: adamas.jax.Adam(betas=(lambda count: 0.5, 5.0)), ValueError, r"betas\[1\]"),
        (lambda: adamas.jax.Adam(-1.0), ValueError, "lr: expected a finite number >= 0"),
        (lambda: adamas.jax.Adam("fast"), TypeError, "lr: expected a finite number >= 0"),
        (lambda: adamas.jax.Adam(betas=(0.9, 1.0)), ValueError, r"betas\[1\]"),
        (lambda: ADAM(rate=1.0), TypeError, "rate: no such hyperparameter or option"),
        (lambda: adamas.jax.Adam(state_dtype="int7"), ValueError, "state_dtype: expected"),
        (lambda: ADAM(copy_out={}), TypeError, "copy_out: there is no such option of adamas.jax.Adam"),
        (lambda: ADAM(sparse={}), TypeError, "sparse: .* gradients are dense under JAX"),
        (lambda: ADAM(zero_grads=True), TypeError, "zero_grads: .* gradients are values under JAX"),
        (lambda: adamas.jax.Adam(on_nonfinite="raise"), ValueError, "on_nonfinite: a compiled step cannot raise"),
        (
            lambda: adamas.jax.AdamMini(blocks=lambda count: 3),
            TypeError,
            "blocks: cannot change from step to step; give a plain value",
        ),
        (lambda: adamas.jax.AdamW(lambda count: 0.1, decay="corrected"), ValueError, "max_lr: decay='corrected' needs"),
        (lambda: adamas.jax.SGD(nesterov=True), ValueError, "nesterov"),
    ],
)
def test_arguments(make: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: OPT.init({"a": jnp.ones(3, jnp.int32)}), TypeError, r"params\['a'\]: expected dtype float32, .*int32"),
        (lambda: OPT.init({"a": 1.0}), TypeError, r"params\['a'\]: expected an array, got float"),
        (
            lambda: OPT.init({"a.b": jnp.ones(3), "a": {"b": jnp.ones(3)}}),
            ValueError,
            r"params\['a.b'\] and params\['a'\]\['b'\] would both be named 'a.b'",
        ),
        (lambda: OPT.init({}), ValueError, "params: expected at least one array, got none"),
        (lambda: OPT.step(PARAMS, {"a": PARAMS["a"]}, state()), ValueError, "grads: expected the structure of params"),
        (
            lambda: OPT.step(PARAMS, {**PARAMS, "b": jnp.ones(4)}, state()),
            ValueError,
            r"grads\['b'\]: expected shape \(5,\), as its parameter has, got \(4,\)",
        ),
        (
            lambda: OPT.step(PARAMS, {**PARAMS, "b": jnp.ones(5, jnp.int8)}, state()),
            TypeError,
            r"grads\['b'\]: expected dtype .* got int8",
        ),
        (lambda: OPT.step(PARAMS, PARAMS, {}), TypeError, "state: expected a State, as init returns it, got dict"),
        (
            lambda: OPT.step({"a": PARAMS["a"]}, {"a": PARAMS["a"]}, state()),
            ValueError,
            r"state.buffers\['exp_avg'\]: expected \d+ bytes of float32, got .*: it is the state of other parameters",
        ),
        (
            lambda: adamas.jax.Lion().step(PARAMS, PARAMS, state()),
            ValueError,
            r"state: holds \['exp_avg', 'exp_avg_sq'\], but this optimizer keeps \['exp_avg'\]",
        ),
        (lambda: OPT.step(PARAMS, PARAMS, state(), rate=0.1), TypeError, "rate: no such argument"),
        (lambda: OPT.step(PARAMS, PARAMS, state(), lr=jnp.asarray(1j)), TypeError, "lr: expected one real number"),
        (lambda: OPT.step(PARAMS, PARAMS, state(), betas=jnp.asarray(0.5)), TypeError, "betas: expected 2 numbers"),
        (
            lambda: OPT.step(PARAMS, PARAMS, state(), grad_scale=0.0),
            ValueError,
            "grad_scale: expected a finite number > 0",
        ),
        (
            lambda: OPT.step(PARAMS, PARAMS, state()._replace(count=jnp.float32(0.0))),
            TypeError,
            "state.count: expected one number, int32",
        ),
        (
            lambda: OPT.step(PARAMS, PARAMS, state()._replace(count=jnp.zeros(1, jnp.int32))),
            TypeError,
            "state.count: expected one number, int32",
        ),
        (lambda: OPT.step(PARAMS, PARAMS, state(), lr=-0.1), ValueError, "lr: expected a finite number >= 0"),
        (
            lambda: OPT.step(PARAMS, PARAMS, state(), lr=jnp.ones(2)),
            TypeError,
            "lr: expected one real number, got an array",
        ),
        (
            lambda: adamas.jax.AdamW(mask={"a": True}).init(PARAMS),
            ValueError,
            "mask: expected the structure of params",
        ),
        (
            lambda: adamas.jax.AdamW(mask={"a": True, "b": 1}).init(PARAMS),
            TypeError,
            "mask: expected True or False for each parameter, got 1",
        ),
        (
            lambda: jax.vmap(lambda p, s: OPT.step(p, p, s), in_axes=(0, None))(
                {"a": jnp.ones((2, 3, 4)), "b": jnp.ones((2, 5))}, state()
            ),
            NotImplementedError,
            "a step cannot be vectorized by vmap",
        ),
        (
            lambda: jax.grad(lambda p: OPT.step(p, p, state())[0]["a"].sum())(PARAMS),
            ValueError,
            "no gradient goes through a step",
        ),
        (
            lambda: jax.jit(adamas.jax.Adam(adamas.schedules.Cosine(0.1, 0.0, 9)).step)(
                PARAMS, PARAMS, adamas.jax.Adam().init(PARAMS)
            ),
            TypeError,
            "lr: the schedule cannot be traced; write it in operations of jax.numpy, or take one of optax's",
        ),
    ],
)
def test_calls(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()


def test_export() -> None:
    """A program that is exported would ask for another process's handler."""
    with pytest.raises(ValueError, match="adamas_step"):
        export.export(jax.jit(OPT.step))(PARAMS, PARAMS, state())


@pytest.mark.parametrize("rate", [-1.0, np.inf, np.nan])
def test_traced_numbers_out_of_range(rate: float) -> None:
    step = jax.jit(lambda params, state, lr: OPT.step(params, params, state, lr=lr))
    with pytest.raises(Exception, match="adamas: a hyperparameter is out of range, infinite or not a number"):
        jax.block_until_ready(step(PARAMS, state(), rate))


def test_warns_of_lost_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_told", [])
    with pytest.warns(adamas.PrecisionWarning, match="bfloat16"):
        adamas.jax.AdamW().init({"w": jnp.ones(3, jnp.bfloat16)})


@pytest.mark.parametrize("rule", sorted(adamas.rules.SPECS))
def test_classes(rule: str) -> None:
    cls = getattr(adamas.jax, rule)
    assert "References:" in cls.__doc__
    assert eval(repr(cls()), {"adamas": adamas}) is not None
    assert [*cls.__signature__.parameters] == [*getattr(adamas, rule).spec.argument_names, "mask", "options"]


@pytest.mark.parametrize("platform", ["cuda", "rocm", "tpu"])
def test_other_devices_than_the_processor(platform: str) -> None:
    traced = jax.jit(OPT.step).trace(PARAMS, PARAMS, state())
    with pytest.raises(NotImplementedError, match=r"steps run on the CPU alone; put parameters, .*jax.device_put"):
        traced.lower(lowering_platforms=(platform,))
    assert traced.lower(lowering_platforms=("cpu",)).compile()
