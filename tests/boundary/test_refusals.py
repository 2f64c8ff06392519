"""All other refusals: the type, the message, and a check that nothing has changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from bits import Array
from refusing import MODULES, both, grads, params, refuses_step

import adamas


@dataclass(frozen=True)
class Refusal:
    """What is done to an optimizer over `params()` called `p`, and the error."""

    act: Callable[[Any, Any], Any]
    error: type[Exception]
    message: str


def read_only(array: Array) -> Array:
    array.flags.writeable = False
    return array


def set_group(**values: Any) -> Callable[[Any, Any], Any]:
    def act(opt: Any, _: Any) -> None:
        opt.param_groups[0].update(values)
        opt.step(grads())

    return act


def delete(name: str) -> Callable[[Any, Any], Any]:
    def act(opt: Any, _: Any) -> None:
        del opt.param_groups[0][name]
        opt.step(grads())

    return act


def freeze(opt: Any, p: Any) -> None:
    read_only(p["w"])
    opt.step(grads())


def clear_groups(opt: Any, _: Any) -> None:
    opt.param_groups.clear()
    opt.step(grads())


def inside(array: Array, like: Array, at: int) -> Array:
    """A gradient for `like` in the memory of `array`."""
    part: Array = array.reshape(-1).view(np.uint8)[at : at + like.nbytes].view(like.dtype).reshape(like.shape)
    return part


def overlapping_gradients(opt: Any, p: Any) -> None:
    g = grads()
    opt.step(g | {"deep": [None, inside(g["w"], p["deep"][1], 4)]})


class Broken(dict[str, Any]):
    """A mapping that fails when read."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("cannot read this")


REFUSALS: dict[str, Refusal] = {
    # structure
    "list for mapping": Refusal(
        lambda opt, p: opt.step([1]), TypeError, "grads: expected a mapping with the keys 'w', 'deep', as the"
    ),
    "None for all": Refusal(lambda opt, p: opt.step(None), TypeError, "grads: expected a mapping with the keys"),
    "missing key": Refusal(
        lambda opt, p: opt.step({"w": None}), ValueError, "grads: missing 'deep'; use None for a parameter that has no"
    ),
    "extra key": Refusal(
        lambda opt, p: opt.step(grads() | {"x": None}), ValueError, "grads: 'x' not among the parameters, which are 'w'"
    ),
    "missing item": Refusal(
        lambda opt, p: opt.step({"w": None, "deep": [None]}),
        ValueError,
        "grads['deep']: expected 2 entries, got 1; use",
    ),
    "other key": Refusal(
        lambda opt, p: opt.step({"W": None, "deep": [None] * 2}),
        ValueError,
        "grads: missing 'w', and unexpected 'W'; the parameters are 'w', 'deep'",
    ),
    "extra item": Refusal(
        lambda opt, p: opt.step({"w": None, "deep": [None] * 3}), ValueError, "grads['deep']: expected 2 entries, got 3"
    ),
    "array for list": Refusal(
        lambda opt, p: opt.step({"w": None, "deep": np.ones(2)}),
        TypeError,
        "grads['deep']: expected a list or tuple of",
    ),
    "generator for list": Refusal(
        lambda opt, p: opt.step({"w": None, "deep": iter([])}),
        TypeError,
        "grads['deep']: expected a list or tup",
    ),
    "mapping that fails": Refusal(lambda opt, p: opt.step(Broken(grads())), RuntimeError, "cannot read this"),
    # fit
    "shape": Refusal(
        lambda opt, p: opt.step(grads() | {"w": np.ones((4, 3), np.float32)}),
        ValueError,
        "grads['w']: expected shape (3, 4), that of params['w'], got (4, 3)",
    ),
    "flat": Refusal(
        lambda opt, p: opt.step(grads() | {"w": np.ones(12, np.float32)}),
        ValueError,
        "grads['w']: expected shape (3, 4)",
    ),
    "dtype": Refusal(
        lambda opt, p: opt.step(grads() | {"w": np.ones((3, 4), np.int64)}),
        TypeError,
        "grads['w']: expected dtype float32, float64, float16 or bfloat16, got int64",
    ),
    # overlap
    "gradient is parameter": Refusal(
        lambda opt, p: opt.step(grads() | {"w": p["w"]}), ValueError, "shares memory with"
    ),
    "gradient in another parameter": Refusal(
        lambda opt, p: opt.step({"w": None, "deep": [None, inside(p["w"], p["deep"][1], 20)]}),
        ValueError,
        "grads['deep'][1] shares memory with params['w']: each array must have memory of its own; copy one",
    ),
    "gradient in a state": Refusal(
        lambda opt, p: opt.step(grads() | {"w": opt.state["w"]["exp_avg_sq"]}),
        ValueError,
        "shares memory with",
    ),
    "gradients overlap": Refusal(
        overlapping_gradients,
        ValueError,
        "grads['deep'][1] shares memory with grads['w']",
    ),
    # hyperparameters
    "lr negative": Refusal(
        set_group(lr=-1e-3),
        ValueError,
        "param_groups[0]['lr']: expected a finite number >= 0, or a callable step -> number, got -0.001",
    ),
    "lr nan": Refusal(set_group(lr=float("nan")), ValueError, "param_groups[0]['lr']: expected a finite number"),
    "lr inf": Refusal(set_group(lr=float("inf")), ValueError, "param_groups[0]['lr']: expected a finite number"),
    "lr string": Refusal(
        set_group(lr="0.1"), TypeError, "param_groups[0]['lr']: expected a finite number >= 0, or a c"
    ),
    "lr None": Refusal(
        set_group(lr=None), TypeError, "param_groups[0]['lr']: expected a finite number >= 0, or a call"
    ),
    "lr bool": Refusal(
        set_group(lr=True), TypeError, "param_groups[0]['lr']: expected a finite number >= 0, or a calla"
    ),
    "lr complex": Refusal(
        set_group(lr=1j), TypeError, "param_groups[0]['lr']: expected a finite number >= 0, or a cal"
    ),
    "lr array": Refusal(
        set_group(lr=np.ones(1)), TypeError, "param_groups[0]['lr']: expected a finite number >= 0, or"
    ),
    "lr huge": Refusal(
        set_group(lr=10**400), ValueError, "param_groups[0]['lr']: expected a finite number >= 0, or a c"
    ),
    "lr callable nan": Refusal(
        set_group(lr=lambda step: float("nan")),
        ValueError,
        "param_groups[0]['lr'] (called with step 1): expected a fin",
    ),
    "lr callable None": Refusal(
        set_group(lr=lambda step: None), TypeError, "param_groups[0]['lr'] (called with step 1): expected a finite numb"
    ),
    "lr callable raises": Refusal(set_group(lr=lambda step: 1 / 0), ZeroDivisionError, "division by zero"),
    "beta1 one": Refusal(
        set_group(betas=(1.0, 0.9)), ValueError, "param_groups[0]['betas'][0]: expected a number in [0, 1), got 1.0"
    ),
    "beta2 negative": Refusal(
        set_group(betas=[0.9, -0.1]), ValueError, "param_groups[0]['betas'][1]: expected a number in [0, 1), got -0.1"
    ),
    "beta nan": Refusal(
        set_group(betas=(0.9, float("nan"))), ValueError, "param_groups[0]['betas'][1]: expected a num"
    ),
    "betas one": Refusal(
        set_group(betas=(0.9,)), TypeError, "param_groups[0]['betas']: expected two numbers (beta1, b"
    ),
    "betas number": Refusal(
        set_group(betas=0.9), TypeError, "param_groups[0]['betas']: expected two numbers (beta1, b"
    ),
    "eps negative": Refusal(
        set_group(eps=-1e-8), ValueError, "param_groups[0]['eps']: expected a finite number >= 0, g"
    ),
    "decay nan": Refusal(
        set_group(weight_decay=float("nan")), ValueError, "param_groups[0]['weight_decay']: expected a finite number >="
    ),
    "maximize int": Refusal(
        set_group(maximize=1), TypeError, "param_groups[0]['maximize']: expected True or False, got 1"
    ),
    "amsgrad changed": Refusal(
        set_group(amsgrad=True),
        ValueError,
        "param_groups[0]['amsgrad']: cannot change after construction (it is False)",
    ),
    "lr deleted": Refusal(
        delete("lr"), ValueError, "param_groups[0]['lr']: missing; each group must keep all hyperpar"
    ),
    "eps_hat deleted": Refusal(
        delete("eps_hat"), ValueError, "param_groups[0]['eps_hat']: missing; each group must ke"
    ),
    "misspelt lr": Refusal(
        set_group(lrr=0.1),
        ValueError,
        "param_groups[0]['lrr']: AdamW has no such hyperparameter (did you mean 'lr'?); it has lr, betas, eps",
    ),
    "another library's lr": Refusal(
        set_group(learning_rate=0.1), ValueError, "param_groups[0]['learning_rate']: AdamW has no such hyperparameter"
    ),
    "another rule's momentum": Refusal(
        set_group(momentum=0.9), ValueError, "param_groups[0]['momentum']: AdamW has no such hyperparameter; it has"
    ),
    "an option in a group": Refusal(
        set_group(max_norm=1.0),
        ValueError,
        "param_groups[0]['max_norm']: is an option, which is the same for all groups; write AdamW(params, max_norm=",
    ),
    "groups cleared": Refusal(clear_groups, ValueError, "param_groups: expected a list of 1 dicts, as it was at first"),
    # parameters that changed under the optimizer
    "read-only since": Refusal(freeze, ValueError, "params['w']: expected a writeable array, got a read-only one"),
}


@both
@pytest.mark.parametrize("name", REFUSALS)
def test_step_refuses(module: Any, name: str) -> None:
    refusal = REFUSALS[name]
    refuses_step(module, refusal.act, refusal.error, refusal.message)


@pytest.mark.parametrize("name", REFUSALS)
def test_reference_refuses_in_the_same_words(name: str) -> None:
    messages = []
    for module in MODULES:
        model = params()
        opt = module.AdamW(model)
        opt.step(grads())
        with pytest.raises(REFUSALS[name].error) as caught:
            REFUSALS[name].act(opt, model)
        messages.append(str(caught.value))
    if "in a state" not in name:  # which of two neighbours comes first in memory depends on the allocator
        assert set(messages[0].split()) == set(messages[1].split())


@both
def test_resized_parameter(module: Any) -> None:
    model = params()
    opt = module.AdamW(model)
    model["deep"][0].resize(4, refcheck=False)
    with pytest.raises(ValueError, match=r"params\['deep'\]\[0\]: was resized since"):
        opt.step({"w": None, "deep": [np.ones(4), None]})


CONSTRUCTIONS: dict[str, Refusal] = {
    "empty list": Refusal(lambda m, p: m.AdamW([]), ValueError, "params: expected at least one array, got none"),
    "empty mapping": Refusal(lambda m, p: m.AdamW({}), ValueError, "params: expected at least one array, got none"),
    "empty groups": Refusal(lambda m, p: m.AdamW([{"params": []}]), ValueError, "params: expected at least one array"),
    "None": Refusal(lambda m, p: m.AdamW(None), TypeError, "params: expected a numpy.ndarray, got None"),
    "generator": Refusal(
        lambda m, p: m.AdamW(x for x in [p]),
        TypeError,
        "params: expected a numpy.ndarray, got generator; write list(...), since the parameters must be a list, a tu",
    ),
    "values of a dict": Refusal(
        lambda m, p: m.AdamW({"w": p}.values()), TypeError, "got dict_values; write list(...), since the parameters"
    ),
    "items of a dict": Refusal(
        lambda m, p: m.AdamW({"w": p}.items()), TypeError, "got dict_items; write dict(...), since the parameters"
    ),
    "generator in a group": Refusal(
        lambda m, p: m.AdamW([{"params": (x for x in [p])}]),
        TypeError,
        "params[0]['params']: expected a numpy.ndarray, got generator; write list(...)",
    ),
    "generator that fails": Refusal(
        lambda m, p: m.AdamW(1 / 0 for _ in [p]), TypeError, "params: expected a numpy.ndarray, got generator; write li"
    ),
    "text": Refusal(lambda m, p: m.AdamW("w"), TypeError, "params: expected a numpy.ndarray, got str; make it a NumPy"),
    "group without params": Refusal(
        lambda m, p: m.AdamW([{"lr": 1}]),
        TypeError,
        "params[0]: has 'lr'; a group needs its parameters too, under 'params'",
    ),
    "group of another library without params": Refusal(
        lambda m, p: m.AdamW([{"learning_rate": 1}]), TypeError, "params[0]: has 'learning_rate'; a group needs its par"
    ),
    "second group without params": Refusal(
        lambda m, p: m.AdamW([[p], {"betas": (0.9, 0.99), "amsgrad": True}]), TypeError, "params[1]: has "
    ),
    "lone group without params": Refusal(
        lambda m, p: m.AdamW({"lr": lambda step: 0.1}), TypeError, "params: has 'lr'; a group needs its parameters too"
    ),
    "array without dimensions under the name of a hyperparameter": Refusal(
        lambda m, p: m.AdamW({"b": np.array(0.0)}),
        ValueError,
        "params['b']: expected an array of one dimension or more, got a 0-dimensional one",
    ),
    "read-only": Refusal(
        lambda m, p: m.AdamW([read_only(p.copy())]),
        ValueError,
        "params[0]: expected a writeable array, got a read-only one; it is updated in place: pass a writeable copy",
    ),
    "twice": Refusal(lambda m, p: m.AdamW([p, p]), ValueError, "params[1] shares memory with params[0]"),
    "view": Refusal(
        lambda m, p: m.AdamW({"a": p, "b": p[1:]}), ValueError, "params['b'] shares memory with params['a']"
    ),
    "key type": Refusal(lambda m, p: m.AdamW({1.5: p}), TypeError, "params: expected keys of type str or int, got 1.5"),
    "same name": Refusal(
        lambda m, p: m.AdamW({"a": {"b": p}, "a.b": p.copy()}),
        ValueError,
        "params['a.b'] and params['a']['b'] would both be named 'a.b': rename one of the keys",
    ),
    "mixed groups": Refusal(
        lambda m, p: m.AdamW([{"params": [p]}, p]), TypeError, "params[1]: expected a group dict with an entry 'params'"
    ),
    "unknown option": Refusal(
        lambda m, p: m.AdamW([{"params": [p], "learning_rate": 1}]),
        ValueError,
        "params[0]['learning_rate']: AdamW has no such hyperparameter (did you mean 'lr'?); it has lr, betas, eps",
    ),
    "option in a group": Refusal(
        lambda m, p: m.AdamW([{"params": [p], "max_norm": 1.0}]),
        ValueError,
        "params[0]['max_norm']: is an option, which is the same for all groups; write AdamW(params, max_norm=...)",
    ),
    "what AdamW is": Refusal(
        lambda m, p: m.AdamW([{"params": [p], "decoupled_weight_decay": False}]),
        ValueError,
        "params[0]['decoupled_weight_decay']: AdamW has no such hyperparameter",
    ),
    "group outside a list": Refusal(
        lambda m, p: m.AdamW({"params": p, "lr": 0.1}),
        TypeError,
        "params: looks like a group dict, with its hyperparameters; put it into a list: [{...}]",
    ),
    "group lr": Refusal(
        lambda m, p: m.AdamW([{"params": [p], "lr": -1}]), ValueError, "params[0]['lr']: expected a finite number >= 0"
    ),
    "in group": Refusal(
        lambda m, p: m.AdamW([{"params": [p]}, {"params": {"x": [3]}}]),
        TypeError,
        "params[1]['params']['x'][0]: expected a numpy.ndarray, got int",
    ),
    "lr": Refusal(
        lambda m, p: m.AdamW([p], lr=-1), ValueError, "lr: expected a finite number >= 0, or a callable step"
    ),
    "lr nan": Refusal(lambda m, p: m.AdamW([p], lr=float("nan")), ValueError, "lr: expected a finite number >= 0"),
    "betas": Refusal(
        lambda m, p: m.AdamW([p], betas=(0.9, 1)), ValueError, "betas[1]: expected a number in [0, 1), got"
    ),
    "eps": Refusal(
        lambda m, p: m.AdamW([p], eps=float("inf")), ValueError, "eps: expected a finite number >= 0, got inf"
    ),
    "amsgrad": Refusal(lambda m, p: m.AdamW([p], amsgrad=None), TypeError, "amsgrad: expected True or False, got None"),
    "threads": Refusal(
        lambda m, p: m.AdamW([p], num_threads=0), ValueError, "num_threads: expected None or a whole num"
    ),
    "threads float": Refusal(
        lambda m, p: m.AdamW([p], num_threads=1.5), TypeError, "num_threads: expected None or a wh"
    ),
    "threads many": Refusal(
        lambda m, p: m.AdamW([p], num_threads=1025), ValueError, "num_threads: expected None or a w"
    ),
}


@both
@pytest.mark.parametrize("name", CONSTRUCTIONS)
def test_construction_refuses(module: Any, name: str) -> None:
    refusal = CONSTRUCTIONS[name]
    with pytest.raises(refusal.error) as caught:
        refusal.act(module, np.ones((3, 4), np.float32))
    assert refusal.message in str(caught.value)


def test_small_groups_among_many_are_named() -> None:
    with pytest.raises(ValueError, match=re.escape("grads: 'k0', 'k1', 'k2', 'k3', 'k4' and 3 more not among")):
        adamas.Adam({"w": np.ones(2)}).step({"w": None, **{f"k{i}": None for i in range(8)}})


@both
def test_parameters_may_have_names_of_hyperparameters(module: Any) -> None:
    assert list(module.AdamW({"lr": np.ones(2), "r": [np.ones(2)]}).state) == ["lr", "r.0"]
    assert list(module.AdamW([{"lr": np.ones(2)}, {"alpha": {"eps": np.ones(2)}}]).state) == ["0.lr", "1.alpha.eps"]


@both
@pytest.mark.parametrize("grad_scale", [None, 1.0, 2.0])
def test_what_is_not_finite_is_said_to_be_divided_only_if_it_was(module: Any, grad_scale: float | None) -> None:
    bad = np.array([1.0, np.nan])
    opt = module.AdamW({"w": np.ones(2)}, on_nonfinite="raise")
    divided = ", once it is divided by grad_scale (2.0)" if grad_scale == 2.0 else ""
    with pytest.raises(FloatingPointError) as caught:
        opt.step({"w": bad}, grad_scale=grad_scale)
    assert str(caught.value) == f"grads['w']: holds an infinity or NaN{divided}; nothing was updated"
    with pytest.raises(FloatingPointError) as caught:
        opt.step_async({"w": bad}, grad_scale=grad_scale).result()
    assert str(caught.value) == f"grads['w']: holds an infinity or NaN{divided}; nothing was updated"
    opt.step({"w": np.ones(2)}, max_norm=1.0)  # and clipping by the norm before is no division to be told of
    said = []
    with opt.step_scope(grad_scale=grad_scale, max_norm=0.5, previous_norm=True):
        with pytest.raises(FloatingPointError) as caught:
            opt.step_param("w", bad)
        said.append(str(caught.value))
    assert said == [f"the gradient of 'w': holds an infinity or NaN{divided}; this parameter was not updated"]
