"""Refusals: invalid input raises an error that names it, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flower_rounds import (
    Model,
    arrays_of,
    client,
    make_model,
    message,
    parameters,
    record,
    replies,
    reply,
    results,
    run,
    same_bits,
    trained,
)
from flwr.app import Array, ArrayRecord, Error, Message, MetricRecord, RecordDict
from flwr.common import Code, FitRes, Parameters, Status
from flwr.serverapp.exception import AggregationError, InconsistentMessageReplies

from adamas.flower import FedAdam, ReplyError

MODEL = {"w": np.ones((2, 3), np.float32), "b": np.zeros(3, np.float32)}


def changed(**arrays: Any) -> Model:
    return {name: array for name, array in {**MODEL, **arrays}.items() if array is not None}


def bad(array: float) -> Any:
    found = MODEL["w"].copy()
    found[1, 2] = array
    return found


def sent_as(stype: str) -> ArrayRecord:
    found = record(MODEL)
    found["w"].stype = stype
    return found


def damaged() -> ArrayRecord:
    found = record(MODEL)
    found["w"].data = found["w"].data[:-1]
    return found


#: Replies that do not fit, with what is said of each.
REPLIES: dict[str, tuple[Callable[[], Message], str]] = {
    "missing": (lambda: reply(changed(b=None), node=77), r"array 'b' is missing; got 'w'"),
    "new": (lambda: reply(changed(c=np.ones(1)), node=77), r"array 'c' is not one of the model's"),
    "shape": (
        lambda: reply(changed(w=np.ones((3, 2), np.float32)), node=77),
        r"'w': expected float32 \(2, 3\).*got float32 \(3, 2\)",
    ),
    "dtype": (lambda: reply(changed(w=np.ones((2, 3))), node=77), r"'w': expected float32 .*got float64"),
    "byte order": (lambda: reply(changed(w=np.ones((2, 3), ">f4")), node=77), r"'w': expected float32 .*got >f4"),
    "nan": (lambda: reply(changed(w=bad(np.nan)), node=77), r"not finite: array 'w' has nan at flat index 5"),
    "inf": (lambda: reply(changed(w=bad(-np.inf)), node=77), r"not finite: array 'w' has -inf at flat index 5"),
    "nan without weight": (lambda: reply(changed(w=bad(np.nan)), 0, 77), r"not finite: array 'w'"),
    "sparse": (
        lambda: reply(sent_as("scipy.sparse"), node=77),
        r"'w': expected .*'numpy.ndarray', got .*'scipy.sparse'",
    ),
    "cut off": (lambda: reply(damaged(), node=77), r"array 'w': expected 24 bytes .* got 23"),
    "weight missing": (
        lambda: message(RecordDict({"a": record(MODEL), "m": MetricRecord({"loss": 0.5})}), 77),
        r"lack 'num-examples', the weight",
    ),
    "weight negative": (lambda: reply(MODEL, -1, 77), r"'num-examples': expected a finite number >= 0, got -1"),
    "weight nan": (lambda: reply(MODEL, float("nan"), 77), r"'num-examples': expected a finite number >= 0, got nan"),
    "weights": (lambda: reply(MODEL, [1, 2], 77), r"'num-examples': expected a finite number >= 0, got \[1, 2\]"),
    "no arrays": (
        lambda: message(RecordDict({"m": MetricRecord({"num-examples": 1})}), 77),
        r"expected one ArrayRecord, got 0",
    ),
    "two records": (
        lambda: message(
            RecordDict({"a": record(MODEL), "b": record(MODEL), "m": MetricRecord({"num-examples": 1})}), 77
        ),
        r"expected one ArrayRecord, got 2",
    ),
    "no metrics": (lambda: message(RecordDict({"a": record(MODEL)}), 77), r"expected one MetricRecord, got 0"),
    "metrics": (lambda: reply(MODEL, node=77, loss=1.0), r"'loss' is a metric of it or of node"),
}


def snapshot(strategy: Any) -> list[Any]:
    return [
        {name: {key: array.copy() for key, array in entry.items()} for name, entry in strategy.state.items()},
        {name: np.array(array) for name, array in strategy.current_arrays.items()},
        strategy.completed_rounds,
    ]


@pytest.mark.parametrize("case", REPLIES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_reply_that_does_not_fit_names_its_node(case: str, place: int) -> None:
    make, said = REPLIES[case]
    side = run("Adam", MODEL)
    side.round(1, trained(MODEL, 2, 0))
    strategy = side.strategy
    before = snapshot(strategy)
    sent = replies(trained(MODEL, 2, 1))
    sent.insert(place, make())
    expected = f"node (77|101)|{said}" if case == "metrics" else f"node 77.*{said}"
    with pytest.raises(ReplyError, match=expected) as caught:
        strategy.aggregate_train(2, sent)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, InconsistentMessageReplies)
    assert isinstance(caught.value, AggregationError)
    after = snapshot(strategy)
    assert all(same_bits(a, b) for a, b in zip(before[0].values(), after[0].values(), strict=True))
    assert same_bits(before[1], after[1])
    assert before[2:] == after[2:]
    other = run("Adam", MODEL)  # and the next round is as if that one had not been
    other.round(1, trained(MODEL, 2, 0))
    good = trained(side.model, 2, 1)
    assert same_bits(side.round(2, good), other.round(2, good))


def result(model: Model | list[bytes], examples: Any = 10) -> Any:
    tensors = model if isinstance(model, list) else parameters(model).tensors
    return client("c7"), FitRes(Status(Code.OK, ""), Parameters(tensors, "numpy.ndarray"), examples, {})


OLDER: dict[str, tuple[Callable[[], Any], str]] = {
    "missing": (lambda: result(changed(b=None)), r"array '1' is missing"),
    "new": (lambda: result(changed(c=np.ones(1))), r"array '2' is not one"),
    "shape": (lambda: result(changed(w=np.ones((3, 2), np.float32))), r"'0': expected float32 \(2, 3\)"),
    "dtype": (lambda: result(changed(b=np.ones(3, np.float16))), r"'1': expected float32 .*got float16"),
    "nan": (lambda: result(changed(w=bad(np.nan))), r"not finite: array '0' has nan at flat index 5"),
    "zip, as sparse arrays are sent": (lambda: result([b"PK\x03\x04" + b"x" * 40] * 2), r"sparse or compressed"),
    "weight": (lambda: result(MODEL, -3), r"num_examples: expected a finite number >= 0, got -3"),
}


@pytest.mark.parametrize("case", OLDER)
def test_a_result_that_does_not_fit_names_its_client(case: str) -> None:
    make, said = OLDER[case]
    side = run("Yogi", MODEL, older=True)
    side.round(1, trained(MODEL, 2, 0))
    before = [np.array(array) for array in side.strategy.current_weights]
    with pytest.raises(ReplyError, match=f"client c7.*{said}"):
        side.strategy.aggregate_fit(2, [*results(trained(MODEL, 2, 1)), make()], [])
    assert all((a == b).all() for a, b in zip(before, side.strategy.current_weights, strict=True))
    assert side.strategy.completed_rounds == 1


def test_replies_without_weight() -> None:
    with pytest.raises(ReplyError, match="no weight"):
        run("Adam", MODEL).round(1, trained(MODEL, 2, 0), [0, 0])


def test_replies_that_overflow_together() -> None:
    model = {"w": np.full(2, -3e38, np.float32)}
    with pytest.raises(ReplyError, match="so far from the model"):
        run("Adam", model).round(1, [{"w": np.full(2, 3e38, np.float32)}] * 2)


def test_statistics_that_are_not_finite() -> None:
    model = {"w": np.ones(2, np.float32), "running_var": np.ones(2, np.float32)}
    sent = [reply(model, 1, 1), reply({**model, "running_var": np.array([1, np.inf], np.float32)}, 1, 77)]
    strategy = FedAdam()
    strategy.current_arrays = model
    with pytest.raises(ReplyError, match="node 77 is not finite: array 'running_var' has inf"):
        strategy.aggregate_train(1, sent)


def test_errors_of_clients_are_left_out() -> None:
    model = make_model()
    sent = replies(trained(model, 3, 0))
    failed = Message(Error(3, "out of memory"), metadata=message(RecordDict(), 9).metadata)
    with_error, without = FedAdam(), FedAdam()
    with_error.current_arrays = without.current_arrays = model
    found = [
        arrays_of(strategy.aggregate_train(1, list_of)[0])
        for strategy, list_of in ((with_error, [failed, *sent]), (without, sent))
    ]
    assert same_bits(*found)
    assert with_error.aggregate_train(2, [failed]) == (None, None)
    assert with_error.aggregate_train(3, []) == (None, None)
    assert with_error.completed_rounds == 3


def test_failures_of_the_older_interface() -> None:
    side = run("Adam", MODEL, older=True, accept_failures=False)
    assert side.strategy.aggregate_fit(1, results(trained(MODEL, 2, 0)), [RuntimeError()]) == (None, {})
    assert side.strategy.aggregate_fit(2, [], []) == (None, {})
    assert side.strategy.state == {} or not any(a.any() for e in side.strategy.state.values() for a in e.values())


def test_metrics_that_fail_leave_the_optimizer() -> None:
    def fails(records: Any, key: str) -> Any:
        raise ZeroDivisionError

    side = run("Adam", MODEL, train_metrics_aggr_fn=fails)
    with pytest.raises(ZeroDivisionError):
        side.round(1, trained(MODEL, 2, 0))
    assert side.strategy.state == {}


def test_aggregation_needs_a_model() -> None:
    with pytest.raises(AggregationError, match="configure_train"):
        FedAdam().aggregate_train(1, replies(trained(MODEL, 2, 0)))


MODELS: dict[str, tuple[Any, str]] = {
    "name": (changed(b=None, c=np.ones(3, np.float32)), r"array 'b' is missing"),
    "more": (changed(c=np.ones(3, np.float32)), r"array 'c' is not one"),
    "shape": (
        changed(b=np.zeros(4, np.float32)),
        r"arrays\['b'\]: expected float32 \(3,\), as before, got float32 \(4,\)",
    ),
    "dtype": (changed(b=np.zeros(3)), r"arrays\['b'\]: expected float32 \(3,\), as before, got float64"),
    "nan": (changed(w=bad(np.nan)), r"arrays\['w'\]: expected finite numbers, got nan at flat index 5 of the model"),
}


@pytest.mark.parametrize("case", MODELS)
def test_another_model_is_refused(case: str) -> None:
    model, said = MODELS[case]
    side = run("Adam", MODEL)
    side.round(1, trained(MODEL, 2, 0))
    side.strategy.current_arrays = model
    with pytest.raises(ValueError, match=said):
        side.strategy.aggregate_train(2, replies(trained(MODEL, 2, 1)))


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.ones(2, np.complex64), "<c8"),
        (np.array(["a"]), "<U1"),
        (np.ones(2, ">f4"), ">f4"),
        (np.ones(2, "datetime64[s]"), "<M8"),
        (np.ones(2, np.longdouble), "f16"),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
@pytest.mark.parametrize("older", [False, True])
def test_models_of_other_dtypes_are_refused(array: Any, said: str, older: bool) -> None:
    with pytest.raises(TypeError, match=rf"arrays\['.'\]: expected float32, float64, float16 or whole .*{said}"):
        run("Adam", {"w": np.ones(2), "x": array}, older=older).round(1, [{"w": np.ones(2), "x": array}])


def test_a_model_without_parameters_is_refused() -> None:
    with pytest.raises(ValueError, match="expected parameters of floating-point numbers, got 'n'"):
        run("Adam", {"n": np.ones(2, int)}).round(1, [{"n": np.ones(2, int)}])


def test_read_only_models_are_not_written() -> None:
    model = {name: array.copy() for name, array in MODEL.items()}
    for array in model.values():
        array.flags.writeable = False
    run("Adam", model).round(1, trained(model, 2, 0))
    assert same_bits(model, MODEL)


def test_flower_arrays_are_what_is_sent() -> None:
    """What a round returns can be read by Flower, and is the same to it as an array of its own making."""
    found, metrics = None, None
    strategy = FedAdam()
    strategy.current_arrays = MODEL
    found, metrics = strategy.aggregate_train(1, [reply(m, 3, i, loss=1.5) for i, m in enumerate(trained(MODEL, 2, 0))])
    assert found is not None
    assert metrics == MetricRecord({"loss": 1.5})
    for name, array in found.items():
        again = Array(array.numpy())
        assert (again.dtype, again.shape, again.stype, again.data) == (
            array.dtype,
            array.shape,
            array.stype,
            array.data,
        )
        assert again.object_id == array.object_id, name
