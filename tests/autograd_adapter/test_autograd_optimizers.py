"""Functions with autograd's words: against autograd's own, and against adamas called by hand."""

from __future__ import annotations

import inspect
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from autograd.misc import optimizers as theirs
from autograd.misc.flatten import flatten
from sklearn.datasets import load_digits

import adamas
from adamas import autograd as ours
from adamas import optimizers
from adamas.adapters import RULE_NAMES
from adamas.rules import SPECS

FUNCTIONS: dict[str, list[dict[str, Any]]] = {
    "adam": [{}, {"step_size": 0.1, "b1": 0.5, "b2": 0.9, "eps": 1e-3, "num_iters": 30}, {"b1": 0.0}],
    "rmsprop": [{}, {"step_size": 0.01, "gamma": 0.5, "eps": 1e-3}],
    "sgd": [{}, {"step_size": 0.5, "mass": 0.3, "num_iters": 5}, {"mass": 0.0}],
}
CASES = [(name, settings) for name, cases in FUNCTIONS.items() for settings in cases]


def start() -> dict[str, Any]:
    """Return parameters nested in every way."""
    rng = np.random.default_rng(5)
    return {"w": rng.standard_normal((3, 2)), "rest": [rng.standard_normal(4), 1.5, (np.float64(2.0), np.array(0.5))]}


def loss(params: Any, i: int) -> Any:
    first, second, (third, fourth) = params["rest"]
    return anp.sum(anp.cos(params["w"]) ** 2) + anp.sum((first - i % 3) ** 2) + second**2 + third * fourth + fourth**2


def flat(tree: Any) -> np.ndarray[Any, Any]:
    values: np.ndarray[Any, Any] = flatten(tree)[0]
    return values


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_results_are_those_of_autograd(name: str, settings: dict[str, Any]) -> None:
    seen: dict[str, list[Any]] = {"ours": [], "theirs": []}
    results = {}
    for whose, module in (("ours", ours), ("theirs", theirs)):

        def callback(x: Any, i: int, g: Any, log: list[Any] = seen[whose]) -> None:
            log.append((x, i, g))

        results[whose] = getattr(module, name)(grad(loss), start(), callback, **settings)
    assert repr(flatten(results["ours"])[1](np.zeros(13))) == repr(flatten(results["theirs"])[1](np.zeros(13)))
    np.testing.assert_allclose(flat(results["ours"]), flat(results["theirs"]), rtol=1e-9, atol=1e-12)
    assert len(seen["ours"]) == len(seen["theirs"]) == settings.get("num_iters", 200 if name == "sgd" else 100)
    for (x, i, g), (y, j, h) in zip(seen["ours"], seen["theirs"], strict=True):  # kept copies have not changed since
        assert i == j
        np.testing.assert_allclose(flat(x), flat(y), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(flat(g), flat(h), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    "x0", [np.ones((2, 3)), 3.0, [1.0], ({}, np.ones(1)), np.zeros((0, 2)), np.ones(3, np.float32), [[2.0], ()]]
)
def test_forms_of_parameters(x0: Any) -> None:
    def gradient(x: Any, i: int) -> Any:
        return x

    mine = ours.adam(gradient, x0, num_iters=3)
    his = theirs.adam(gradient, x0, num_iters=3)
    assert type(mine) is type(his)
    np.testing.assert_allclose(flat(mine), flat(his), rtol=1e-10)  # of float32, autograd begins in float32
    if isinstance(his, np.ndarray):
        assert mine.dtype == his.dtype
        assert mine.shape == his.shape


def test_start_is_not_changed_and_results_are_new() -> None:
    x0 = np.ones(3)
    result = ours.adam(lambda x, i: x, x0, num_iters=2)
    assert (x0 == 1).all()
    assert result.flags.writeable
    unmoved = ours.adam(lambda x, i: x, x0, num_iters=0)
    assert unmoved is not x0
    assert not np.shares_memory(unmoved, x0)


def test_nested_parameters_are_shown_as_copies() -> None:
    def gradient(x: Any, i: int) -> Any:
        g = [2 * x[0]]
        x[0][...] = 1e9
        return g

    result = ours.adam(gradient, [np.ones(3)])
    np.testing.assert_array_equal(result[0], ours.adam(lambda x, i: [2 * x[0]], [np.ones(3)])[0])


@pytest.mark.parametrize("module", [ours, theirs])
def test_what_is_written_into_a_single_array_counts(module: Any) -> None:
    def gradient(x: Any, i: int) -> Any:
        if i == 2:
            x[...] = 5.0
        return 2 * x

    np.testing.assert_allclose(module.adam(gradient, np.ones(3), num_iters=3), 5.0 - 0.00085, atol=3e-4)


@pytest.mark.parametrize("keeps", [{3}, {0, 1, 7}, set(range(20))])
def test_arrays_that_are_kept_do_not_change(keeps: set[int]) -> None:
    kept: dict[int, Any] = {}
    seen: list[bytes] = []

    def callback(x: Any, i: int, g: Any) -> None:
        seen.append(x.tobytes())
        if i in keeps:
            kept[i] = x[1:]  # a view is enough

    result = ours.adam(lambda x, i: 2 * x - i, np.arange(4.0), callback, num_iters=20, step_size=0.1)
    assert {i: view.tobytes() for i, view in kept.items()} == {i: seen[i][8:] for i in keeps}
    plain = ours.adam(lambda x, i: 2 * x - i, np.arange(4.0), num_iters=20, step_size=0.1)
    assert result.tobytes() == plain.tobytes()


@pytest.mark.parametrize("name", ["adam", "rmsprop", "sgd"])
def test_a_gradient_may_be_the_array_itself(name: str) -> None:
    result = getattr(ours, name)(lambda x, i: x, np.arange(4.0), num_iters=20)
    assert result.tobytes() == getattr(ours, name)(lambda x, i: x.copy(), np.arange(4.0), num_iters=20).tobytes()


def test_gradients_of_autograd_keep_nothing() -> None:
    """Or each step would take a copy."""
    places = set()

    def objective(x: Any, i: int) -> Any:
        places.add(x._value.ctypes.data)
        return anp.sum(anp.cos(x) ** 2)

    ours.adam(grad(objective), np.ones(1000), num_iters=20)
    assert len(places) == 1


@pytest.mark.parametrize("name", RULE_NAMES)
def test_every_rule_has_the_bits_of_adamas_by_hand(name: str) -> None:
    lr: dict[str, Any] = {} if name == "prodigy" else {"lr": 0.01}
    result = ours.optimize(name, grad(loss), start(), num_iters=20, **lr)
    x = start()
    params = [x["rest"][0], np.full(1, 1.5), np.full(1, 2.0), np.full(1, 0.5), x["w"]]
    optimizer = getattr(optimizers, RULE_NAMES[name])(params, **lr)
    for i in range(20):
        at = {"w": params[4], "rest": [params[0], params[1], (params[2], params[3])]}
        g = grad(lambda params, i: anp.sum(loss(params, i)))(at, i)
        optimizer.step([*g["rest"][:2], *g["rest"][2], g["w"]])
    if SPECS[RULE_NAMES[name]].evaluation is not None:
        optimizer.eval()
    assert flat(result).tobytes() == np.concatenate([param.ravel() for param in params]).tobytes()


def test_options_and_schedules_reach_the_optimizer() -> None:
    averaged = ours.optimize(adamas.AdamW, lambda x, i: x, np.ones(3), num_iters=50, lr=0.1, average=adamas.SWA())
    plain = ours.optimize("adamw", lambda x, i: x, np.ones(3), num_iters=50, lr=0.1)
    assert (averaged > plain).all()
    scheduled = ours.adam(lambda x, i: x, np.ones(3), step_size=lambda step: 0.1 * 0.9**step)
    assert not np.array_equal(scheduled, ours.adam(lambda x, i: x, np.ones(3), step_size=0.1))


def test_float32_on_request() -> None:
    dtypes = []

    def gradient(x: Any, i: int) -> Any:
        dtypes.append(x.dtype)
        return 2 * x

    result = ours.adam(gradient, np.ones(3), dtype=np.float32, num_iters=3)
    assert {*dtypes, result.dtype} == {np.dtype(np.float32)}


def test_a_network_on_digits_learns_as_with_autograd() -> None:
    images, labels = load_digits(return_X_y=True)
    images, targets = images / 16, np.eye(10)[labels]
    rng = np.random.default_rng(0)
    params = [(0.1 * rng.standard_normal((64, 32)), np.zeros(32)), (0.1 * rng.standard_normal((32, 10)), np.zeros(10))]

    def scores(params: Any, x: Any) -> Any:
        (w1, b1), (w2, b2) = params
        return anp.dot(anp.tanh(anp.dot(x, w1) + b1), w2) + b2

    def objective(params: Any, i: int) -> Any:
        batch = slice(i % 12 * 128, i % 12 * 128 + 128)
        found = scores(params, images[batch])
        return anp.mean(anp.log(anp.sum(anp.exp(found), axis=1)) - anp.sum(found * targets[batch], axis=1))

    accuracy = {}
    for module in (ours, theirs):
        trained = module.adam(grad(objective), params, num_iters=300, step_size=0.01)
        accuracy[module] = np.mean(scores(trained, images[1536:]).argmax(1) == labels[1536:])
    assert accuracy[theirs] > 0.9
    assert accuracy[ours] == accuracy[theirs]


BAD: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("grad", {"grad": 3}, TypeError, "grad: expected a function, got 3"),
    ("callback", {"callback": 3}, TypeError, "callback: expected a function, got 3"),
    ("num_iters", {"num_iters": -1}, ValueError, "num_iters: expected a whole number >= 0, got -1"),
    ("fraction", {"num_iters": 1.5}, TypeError, "num_iters: expected a whole number >= 0, got 1.5"),
    ("b1", {"b1": 1.0}, ValueError, r"betas\[0\]: expected a number in \[0, 1\), got 1.0"),
    ("step_size", {"step_size": -1}, ValueError, "lr: expected a finite number >= 0"),
    ("dtype", {"dtype": np.float16}, ValueError, "dtype: expected float32 or float64, got"),
    ("complex", {"x0": np.ones(2, complex)}, TypeError, "x0: expected real numbers, got complex128"),
    ("empty", {"x0": [{}]}, ValueError, "x0: expected at least one array or number, got none"),
    ("objects", {"x0": ["a"]}, TypeError, r"x0\[0\]: expected real numbers, got"),
    (
        "shape",
        {"grad": lambda x, i: np.ones(4)},
        ValueError,
        r"grad\(x, i\): expected shape \(3,\), as in x0, got \(4,\)",
    ),
    ("nothing", {"grad": lambda x, i: None}, TypeError, r"grad\(x, i\): expected real numbers, got object"),
    (
        "keys",
        {"x0": {"a": np.ones(2)}, "grad": lambda x, i: {"b": x["a"]}},
        ValueError,
        r"grad\(x, i\): expected \['a'\], as in x0, got \['b'\]",
    ),
    (
        "container",
        {"x0": {"a": [np.ones(2)]}, "grad": lambda x, i: {"a": tuple(x["a"])}},
        TypeError,
        r"grad\(x, i\)\['a'\]: expected a list, as in x0, got tuple",
    ),
    (
        "length",
        {"x0": [np.ones(2)], "grad": lambda x, i: x * 2},
        ValueError,
        r"grad\(x, i\): expected 1 elements, as in x0, got 2",
    ),
]


@pytest.mark.parametrize(("settings", "error", "message"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_arguments(settings: dict[str, Any], error: type[Exception], message: str) -> None:
    arguments = {"grad": lambda x, i: x, "x0": np.ones(3), **settings}
    with pytest.raises(error, match=message):
        ours.adam(**arguments)
    assert all((np.asarray(leaf) == 1).all() for leaf in [np.ones(3)])


def test_unknown_rules() -> None:
    with pytest.raises(ValueError, match=r"rule: there is no rule 'adamm'; did you mean 'adam'\?"):
        ours.optimize("adamm", lambda x, i: x, np.ones(3))
    with pytest.raises(TypeError, match="rule: expected the name of a rule or a class of adamas, got int"):
        ours.optimize(3, lambda x, i: x, np.ones(3))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="learning_rate"):
        ours.optimize("adam", lambda x, i: x, np.ones(3), learning_rate=0.1)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_are_those_of_autograd(name: str) -> None:
    mine = inspect.signature(getattr(ours, name)).parameters
    wrapped = [cell.cell_contents for cell in getattr(theirs, name).__closure__]
    function = next(each for each in wrapped if getattr(each, "__name__", "") == name)
    his = inspect.signature(function).parameters
    assert [*mine][: len(his)] == ["x0" if argument == "x" else argument for argument in his]
    assert [mine[argument].default for argument in [*his][2:]] == [his[argument].default for argument in [*his][2:]]
