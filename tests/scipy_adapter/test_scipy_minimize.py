"""`adamas.minimize`, by itself and as a method of ``scipy.optimize.minimize``."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import optimize
from scipy.optimize import Bounds, rosen, rosen_der
from sklearn.datasets import load_digits

import adamas
from adamas import optimizers
from adamas.adapters import RULE_NAMES, Array
from adamas.rules import SPECS


def through_scipy(fun: Any, x0: Any, args: Any = (), **settings: Any) -> Any:
    """Minimize as a user of SciPy does."""
    known = ("jac", "hess", "hessp", "bounds", "constraints", "callback", "tol")
    given = {name: settings.pop(name) for name in known if name in settings}
    return optimize.minimize(fun, x0, args, method=adamas.minimize, options=settings, **given)


both_ways = pytest.mark.parametrize("minimize", [adamas.minimize, through_scipy], ids=["by itself", "SciPy"])


def quadratic(x: Array) -> Any:
    return ((x - np.arange(x.size)) ** 2).sum()


def slope(x: Array) -> Any:
    return 2 * (x - np.arange(x.size))


@both_ways
def test_rosenbrock_is_solved(minimize: Callable[..., Any]) -> None:
    result = minimize(rosen, np.zeros(5), jac=rosen_der, rule="adam", lr=0.05, maxiter=20000, gtol=1e-6)
    assert isinstance(result, optimize.OptimizeResult)
    np.testing.assert_allclose(result.x, np.ones(5), atol=1e-5)
    assert result.success
    assert result.status == 0
    assert result.message == "No element of the gradient is larger than gtol."
    assert np.abs(result.jac).max() <= 1e-6
    np.testing.assert_array_equal(result.jac, rosen_der(result.x))
    assert result.fun == rosen(result.x)
    assert (result.njev, result.nfev) == (result.nit + 1, 1)


@both_ways
def test_value_and_gradient_by_one_function(minimize: Callable[..., Any]) -> None:
    def evaluate(x: Array) -> tuple[float, Array]:
        return rosen(x), rosen_der(x)

    result = minimize(evaluate, np.zeros(3), jac=True, lr=0.05, maxiter=300)
    other = minimize(rosen, np.zeros(3), jac=rosen_der, lr=0.05, maxiter=300)
    assert result.x.tobytes() == other.x.tobytes()
    assert (result.nfev, result.njev, result.nit) == (301, 301, 300)
    assert not result.success
    assert (result.status, result.message) == (1, "The maximum number of iterations has been reached.")


@both_ways
@pytest.mark.parametrize("jac", [None, "2-point", False])
def test_finite_differences(minimize: Callable[..., Any], jac: Any) -> None:
    result = minimize(quadratic, np.zeros(3), jac=jac, lr=0.1, maxiter=2000, gtol=1e-3)
    np.testing.assert_allclose(result.x, [0, 1, 2], atol=1e-3)
    assert result.success
    assert result.nfev == 4 * result.njev + 1


@both_ways
@pytest.mark.parametrize("name", RULE_NAMES)
def test_every_rule_has_the_bits_of_adamas_by_hand(minimize: Callable[..., Any], name: str) -> None:
    result = minimize(rosen, np.full(4, 0.5), jac=rosen_der, rule=name, lr=0.001, maxiter=25, gtol=0)
    x = np.full(4, 0.5)
    optimizer = getattr(optimizers, RULE_NAMES[name])(x, lr=0.001)
    for _ in range(25):
        optimizer.step(rosen_der(x))
    if SPECS[RULE_NAMES[name]].evaluation is not None:
        optimizer.eval()
    assert result.x.tobytes() == x.tobytes()
    assert result.fun == rosen(x)
    assert result.nit == 25


@both_ways
@pytest.mark.parametrize("bounds", [Bounds([1, -np.inf, -1], [2, 0.5, np.inf]), [(1, 2), (None, 0.5), (-1, None)]])
def test_bounds(minimize: Callable[..., Any], bounds: Any) -> None:
    seen = []

    def gradient(x: Array) -> Any:
        seen.append(x)
        return slope(x)

    result = minimize(quadratic, np.array([9.0, 9.0, -9.0]), jac=gradient, bounds=bounds, lr=0.05, maxiter=3000)
    assert result.success  # although the gradient is not small
    np.testing.assert_allclose(result.x, [1.0, 0.5, 2.0], atol=1e-5)
    points = np.stack(seen)
    assert (points >= [1, -np.inf, -1]).all()
    assert (points <= [2, 0.5, np.inf]).all()
    assert len(np.unique(points, axis=0)) > 10  # the copies that were kept have not changed


@both_ways
def test_callbacks_of_both_kinds(minimize: Callable[..., Any]) -> None:
    points: list[Array] = []
    results: list[Any] = []

    def with_point(xk: Array) -> None:
        points.append(xk)

    def with_result(intermediate_result: Any) -> None:
        results.append(intermediate_result)

    settings = {"jac": rosen_der, "lr": 0.05, "maxiter": 7}
    end = minimize(rosen, np.zeros(3), callback=with_point, **settings)
    other = minimize(rosen, np.zeros(3), callback=with_result, **settings)
    assert len(points) == len(results) == 7
    assert points[-1].tobytes() == end.x.tobytes() == other.x.tobytes()
    for k, (point, result) in enumerate(zip(points, results, strict=True), 1):
        assert point.tobytes() == result.x.tobytes()
        assert result.fun == rosen(point)
        assert result.nit == k


@both_ways
def test_a_callback_may_stop(minimize: Callable[..., Any]) -> None:
    def callback(xk: Array) -> None:
        if xk[0] > 0.1:
            raise StopIteration

    result = minimize(rosen, np.zeros(3), jac=rosen_der, lr=0.05, callback=callback)
    assert (result.success, result.status, result.message) == (False, 99, "`callback` raised `StopIteration`.")
    assert 0.1 < result.x[0] < 0.2


@both_ways
def test_tolerance_args_and_extra_warnings(minimize: Callable[..., Any]) -> None:
    def scaled(x: Array, factor: float) -> Any:
        return factor * quadratic(x)

    def gradient(x: Array, factor: float) -> Any:
        return factor * slope(x)

    loose = minimize(scaled, np.zeros(3), 3.0, jac=gradient, lr=0.1, tol=1.0)
    tight = minimize(scaled, np.zeros(3), (3.0,), jac=gradient, lr=0.1, tol=1e-8)
    assert loose.nit < tight.nit
    assert loose.success
    assert tight.success
    with pytest.warns(RuntimeWarning, match="adamas.minimize does not use hess"):
        minimize(quadratic, np.zeros(2), jac=slope, hess=lambda x: np.eye(2), maxiter=1)


@both_ways
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_dtypes(minimize: Callable[..., Any], dtype: Any) -> None:
    x0 = np.zeros(3, dtype)
    result = minimize(quadratic, x0, jac=slope, lr=0.1, maxiter=20)
    assert result.x.dtype == (np.float32 if dtype == np.float32 else np.float64)
    assert (x0 == 0).all()


def batch_loss(w: Array, rows: tuple[Array, Array]) -> tuple[float, Array]:
    """Return the logistic loss of a batch: is a digit odd?"""
    images, labels = rows
    scores = images @ w
    return float(np.logaddexp(0, -labels * scores).mean()), -images.T @ (labels / (1 + np.exp(labels * scores))) / len(
        labels
    )


@functools.cache
def digit_batches() -> list[tuple[Array, Array]]:
    images, labels = load_digits(return_X_y=True)
    images, odd = np.c_[images / 16, np.ones(len(images))], np.where(labels % 2, 1.0, -1.0)
    return [(images[i : i + 100], odd[i : i + 100]) for i in range(0, 1700, 100)]


def in_turn(k: int) -> Any:
    return digit_batches()[k % 17]


BATCHES: dict[str, Callable[[], Any]] = {"list": digit_batches, "function": lambda: in_turn}


@both_ways
@pytest.mark.parametrize("kind", BATCHES)
@pytest.mark.parametrize("jac", ["both", "apart"])
def test_stochastic_objectives(minimize: Callable[..., Any], kind: str, jac: str) -> None:
    fun = batch_loss if jac == "both" else lambda w, rows: batch_loss(w, rows)[0]
    gradient = True if jac == "both" else lambda w, rows: batch_loss(w, rows)[1]
    result = minimize(fun, np.zeros(65), jac=gradient, batch=BATCHES[kind](), rule="adamw", lr=0.02, maxiter=400)
    assert (result.success, result.status, result.nit) == (True, 1, 400)
    assert "jac" not in result
    rows = digit_batches()
    assert np.mean([np.sign(images @ result.x) == labels for images, labels in rows]) > 0.88
    w = np.zeros(65)
    by_hand = adamas.AdamW(w, lr=0.02)
    for k in range(400):
        by_hand.step(batch_loss(w, rows[k % 17])[1])
    assert result.x.tobytes() == w.tobytes()
    assert result.fun == batch_loss(w, rows[400 % 17])[0]


@both_ways
def test_batches_are_not_mixed_up_where_x_stays(minimize: Callable[..., Any]) -> None:
    """SciPy remembers values of functions with jac=True by x alone."""
    seen = []

    def fun(x: Array, batch: float) -> tuple[float, Array]:
        seen.append(batch)
        return batch, np.zeros(2)

    minimize(fun, np.ones(2), jac=True, batch=[1.0, 2.0, 3.0], maxiter=5, lr=0.0)
    assert seen == [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]


@both_ways
def test_an_iterator_ends_the_minimization(minimize: Callable[..., Any]) -> None:
    rows = digit_batches()
    result = minimize(batch_loss, np.zeros(65), jac=True, batch=iter(rows), lr=0.02)
    assert (result.success, result.status, result.message) == (True, 3, "There are no more batches.")
    assert result.nit == len(rows)
    assert result.fun == batch_loss(result.x, rows[-1])[0]


@both_ways
def test_averages(minimize: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.standard_normal(3) for _ in range(2000)]

    def noisy(x: Array, batch: Array) -> Any:
        return quadratic(x), slope(x) + 5 * batch

    settings = {"jac": True, "batch": noise, "lr": 0.05, "maxiter": 2000}
    plain = minimize(noisy, np.zeros(3), **settings)
    averaged = minimize(noisy, np.zeros(3), **settings, average=adamas.EMA(0.995))
    free = minimize(noisy, np.zeros(3), **settings, rule="schedule_free_adamw")
    assert quadratic(averaged.x) < quadratic(plain.x) / 3
    assert quadratic(free.x) < quadratic(plain.x) / 3
    assert averaged.fun == quadratic(averaged.x)


@both_ways
def test_non_finite_gradients_end_it_and_are_not_used(minimize: Callable[..., Any]) -> None:
    def gradient(x: Array) -> Any:
        return np.where(x > 0.3, np.nan, slope(x))

    result = minimize(quadratic, np.zeros(3), jac=gradient, lr=0.1)
    assert (result.success, result.status, result.message) == (False, 2, "The gradient is not finite.")
    assert np.isfinite(result.x).all()
    assert result.nit == 4


def test_functions_may_write_into_their_argument() -> None:
    def gradient(x: Array) -> Any:
        found = slope(x)
        x[...] = np.nan
        return found

    result = adamas.minimize(quadratic, np.zeros(3), jac=gradient, lr=0.1, maxiter=50)
    other = adamas.minimize(quadratic, np.zeros(3), jac=slope, lr=0.1, maxiter=50)
    assert result.x.tobytes() == other.x.tobytes()
    assert result.fun == other.fun


def test_one_number_no_iterations_and_no_variables() -> None:
    assert adamas.minimize(lambda x: x**2, 3.0, jac=lambda x: 2 * x, lr=0.1).x.shape == (1,)
    still = adamas.minimize(rosen, np.zeros(3), jac=rosen_der, maxiter=0)
    assert (still.nit, still.status, still.success) == (0, 1, False)
    assert still.fun == rosen(np.zeros(3))
    assert adamas.minimize(lambda x: 1.0, np.zeros(0), jac=lambda x: x).success


def test_progress_and_summary(capsys: pytest.CaptureFixture[str]) -> None:
    adamas.minimize(rosen, np.zeros(3), jac=rosen_der, maxiter=5, progress=True, disp=True)
    output = capsys.readouterr()
    assert "5/5" in output.err
    assert "fun=" in output.err
    assert output.out.splitlines()[0] == "The maximum number of iterations has been reached."
    assert "Iterations: 5" in output.out


def test_the_call_in_an_article_needs_one_change() -> None:
    """Articles write method="Adam", which SciPy does not have."""
    call = 'optimize.minimize(rosen, np.zeros(3), jac=rosen_der, method="adam", options={"maxiter": 10})'
    with pytest.raises(ValueError, match="Unknown solver adam"):
        eval(call)
    assert eval(call.replace('"adam"', "adamas.minimize")).nit == 10


def ones(x: Array, *args: Any) -> Any:
    return np.ones(3)


BAD: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("fun", {"fun": 3}, TypeError, "fun: expected a function, got 3"),
    ("value", {"fun": lambda x: x, "maxiter": 0}, TypeError, r"fun: expected a real number, got"),
    (
        "pair",
        {"fun": lambda x: 1.0, "jac": True},
        TypeError,
        "fun: with jac=True, expected a value and a gradient, got",
    ),
    ("jac", {"jac": "cs"}, ValueError, "jac: expected a function, True, None or '2-point', got 'cs'"),
    ("shape", {"jac": lambda x: np.ones(4)}, ValueError, r"jac: expected a gradient of shape \(3,\), got shape \(4,\)"),
    ("dtype", {"jac": lambda x: np.ones(3, complex)}, TypeError, "jac: expected an array of real numbers, got"),
    (
        "dimensions",
        {"x0": np.ones((2, 2))},
        ValueError,
        r"x0: expected one dimension, got shape \(2, 2\); write",
    ),
    ("complex", {"x0": np.ones(3, complex)}, TypeError, "x0: expected real numbers, got complex128"),
    ("constraints", {"constraints": [{"type": "eq"}]}, ValueError, "constraints: are not supported; use bounds"),
    ("callback", {"callback": 3}, TypeError, "callback: expected a function, got 3"),
    ("rule", {"rule": "adamm"}, ValueError, r"rule: there is no rule 'adamm'; did you mean 'adam'\?"),
    ("class", {"rule": int}, TypeError, "rule: expected the name of a rule or a class of adamas, got"),
    ("lr", {"lr": -1.0}, ValueError, "lr: expected a finite number >= 0"),
    ("option", {"maxfev": 3}, TypeError, "maxfev"),
    ("maxiter", {"maxiter": -1}, ValueError, "maxiter: expected a whole number >= 0, got -1"),
    ("gtol", {"gtol": -1.0}, ValueError, "gtol: expected a finite number >= 0, got -1.0"),
    ("tol", {"tol": "small"}, TypeError, "tol: expected a finite number >= 0, got 'small'"),
    ("batch", {"batch": 3}, TypeError, "batch: expected None, a function or an iterable, got int"),
    ("no batch", {"batch": []}, ValueError, "batch: expected at least one batch, got none"),
    ("bounds", {"bounds": [(0, 1)]}, ValueError, "bounds: expected 3 pairs, one for each variable, got"),
    (
        "order",
        {"bounds": Bounds(1, [2, 0, 2])},
        ValueError,
        "bounds: of variable 1, the lower bound is above",
    ),
    (
        "length",
        {"bounds": Bounds(np.zeros(2), np.ones(2))},
        ValueError,
        "bounds: expected a number for each of 3",
    ),
    ("disp", {"disp": 3}, TypeError, "disp: expected True or False, got 3"),
    ("progress", {"progress": "yes"}, TypeError, "progress: expected True or False, got 'yes'"),
]


@pytest.mark.parametrize(("settings", "error", "message"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_arguments(settings: dict[str, Any], error: type[Exception], message: str) -> None:
    x0 = settings.pop("x0", np.zeros(3))
    arguments = {"fun": quadratic, "x0": x0, "jac": slope, **settings}
    kept = x0.copy()
    with pytest.raises(error, match=message):
        adamas.minimize(**arguments)
    np.testing.assert_array_equal(x0, kept)


def test_without_scipy() -> None:
    program = (
        "import sys; sys.modules['scipy'] = sys.modules['scipy.optimize'] = None\n"
        "import adamas\n"
        "try: adamas.minimize(lambda x: 0.0, [1.0])\n"
        "except ImportError as error: print(error)"
    )
    environment = {"PYTHONPATH": str(Path(adamas.__file__).parents[1])}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert run.stdout.strip() == "adamas.minimize: needs SciPy; install it with: pip install 'adamas[scipy]'"
