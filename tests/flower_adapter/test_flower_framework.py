"""What Flower tests of its own strategies, with ours in their place; and ours inside of what Flower builds on them.

Flower's wheels come without its tests. So those that concern the strategy of a rule are written down here.
"""

from __future__ import annotations

import inspect
import random
from typing import Any
from unittest.mock import Mock

import flwr.server.strategy
import flwr.serverapp.strategy
import numpy as np
import pytest
from flower_rounds import (
    Grid,
    arrays_of,
    client,
    in_a_run,
    make_model,
    parameters,
    record,
    replies,
    results,
    run,
    same_bits,
    trained,
)
from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.common import parameters_to_ndarrays
from flwr.server.client_manager import SimpleClientManager
from flwr.serverapp.exception import AggregationError

import adamas.flower
import adamas.flower.older

RULES = ["FedAdagrad", "FedAdam", "FedYogi"]


def mock_reply(arrays: list[Any], examples: int) -> Any:
    """Return a reply without metadata, as Flower's tests have it."""
    message = Mock(spec=Message)
    message.content = RecordDict({"arrays": ArrayRecord(arrays), "metrics": MetricRecord({"num-examples": examples})})
    message.has_error.side_effect = lambda: False
    return message


@pytest.mark.parametrize("rule", RULES)
def test_scalar_arrays(rule: str) -> None:
    strategy = getattr(adamas.flower, rule)()
    strategy.current_arrays = {"0": np.array(0.0)}
    sent = [mock_reply([np.array(1.0)], 1), mock_reply([np.array(3.0)], 2)]
    found, _ = strategy.aggregate_train(1, sent)
    (weight,) = found.to_numpy_ndarrays()
    assert weight.shape == ()
    assert np.isfinite(weight)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("count", "shape", "fits"), [(4, (7, 3), True), (5, (7, 3), False), (4, (7, 5), False)])
def test_replies_that_do_not_fit_the_model(rule: str, count: int, shape: tuple[int, int], fits: bool) -> None:
    rng = np.random.default_rng(0)
    strategy = getattr(adamas.flower, rule)()
    strategy.current_arrays = {str(i): rng.standard_normal((7, 3)) for i in range(4)}
    sent = [mock_reply([rng.standard_normal(shape) for _ in range(count)], 3) for _ in range(2)]
    if fits:
        strategy.aggregate_train(1, sent)
    else:
        with pytest.raises(AggregationError):
            strategy.aggregate_train(1, sent)


def test_fedadagrad_of_the_older_interface() -> None:
    strategy = adamas.flower.older.FedAdagrad(
        eta=0.1, eta_l=0.316, tau=0.5, initial_parameters=parameters({"0": np.full(4, 0.1, np.float32)})
    )
    sent = [{"0": np.full(4, value, np.float32)} for value in (0.2, 1.0)]
    found, _ = strategy.aggregate_fit(server_round=1, results=results(sent, [5, 5]), failures=[])
    assert (parameters_to_ndarrays(found)[0] == np.full(4, 0.15, np.float32)).all()


@pytest.mark.parametrize("available", [1, 5, 19, 20, 39, 40])
def test_numbers_of_clients_of_the_older_interface(available: int) -> None:
    begun = parameters(make_model())
    ours = adamas.flower.older.FedAdam(initial_parameters=begun, fraction_fit=0.5, fraction_evaluate=0.05)
    theirs = flwr.server.strategy.FedAdam(initial_parameters=begun, fraction_fit=0.5, fraction_evaluate=0.05)
    assert ours.num_fit_clients(available) == theirs.num_fit_clients(available)
    assert ours.num_evaluation_clients(available) == theirs.num_evaluation_clients(available)


def test_metrics_are_flowers() -> None:
    model = {"w": np.ones(3, np.float32)}
    sent = []
    for i, message in enumerate(replies(trained(model, 4, 0))):
        message.content["metrics"]["loss"] = 0.1 * i
        message.content["metrics"]["parts"] = [1.0 * i, 2.0]
        sent.append(message)
    found = []
    for strategy in (adamas.flower.FedAdam(), flwr.serverapp.strategy.FedAdam()):
        strategy.current_arrays = model
        found.append(strategy.aggregate_train(1, sent)[1])
    assert found[0] == found[1]
    assert found[0] is not None
    assert found[0].keys() == {"loss", "parts"}
    evaluated = [
        strategy.aggregate_evaluate(1, sent)
        for strategy in (adamas.flower.FedAdam(), flwr.serverapp.strategy.FedAdam())
    ]
    assert evaluated[0] == evaluated[1]


def test_metrics_of_the_older_interface_are_flowers() -> None:
    def mean(metrics: Any) -> Any:
        return {"loss": sum(n * found["loss"] for n, found in metrics)}

    begun = parameters(make_model())
    models = trained(make_model(), 3, 0)
    found = [
        strategies.FedAdam(initial_parameters=begun, fit_metrics_aggregation_fn=mean).aggregate_fit(
            1, results(models), []
        )[1]
        for strategies in (adamas.flower.older, flwr.server.strategy)
    ]
    assert found[0] == found[1] == {"loss": 0.5 * (10 + 13 + 16)}


@pytest.mark.parametrize("fraction", [0.3, 1.0])
def test_messages_are_flowers(fraction: float) -> None:
    model = record({"w": np.ones(3, np.float32)})
    grid = Grid(lambda arrays, config, node: (arrays_of(arrays), 1), 10)
    sent = []
    for module in (adamas.flower, flwr.serverapp.strategy):
        strategy = module.FedAdam(fraction_train=fraction, fraction_evaluate=fraction)
        random.seed(0)
        with in_a_run():
            for configure in (strategy.configure_train, strategy.configure_evaluate):
                messages = list(configure(1, model, ConfigRecord({"lr": 0.5}), grid))
                sent.append([(m.metadata.dst_node_id, m.metadata.message_type, m.content) for m in messages])
    assert sent[:2] == sent[2:]
    assert len(sent[0]) == max(2, int(10 * fraction))


def test_instructions_of_the_older_interface_are_flowers() -> None:
    begun = parameters(make_model())
    told: list[int] = []

    def configuration(number: int) -> dict[str, int]:
        told.append(number)
        return {"round": number}

    manager = SimpleClientManager()
    for i in range(3):
        manager.register(client(str(i)))
    found = []
    for module in (adamas.flower.older, flwr.server.strategy):
        strategy = module.FedAdam(initial_parameters=begun, on_fit_config_fn=configuration)
        random.seed(0)
        found.append([(c.cid, ins.config, ins.parameters) for c, ins in strategy.configure_fit(4, begun, manager)])
        assert strategy.initialize_parameters(manager) == begun
    assert found[0] == found[1]
    assert told == [4, 4]
    assert repr(adamas.flower.older.FedAdam(initial_parameters=begun)) == "FedAdam(accept_failures=True)"


def test_clipping_and_noise_of_flower() -> None:
    """Flower's differential privacy wraps a strategy, and changes the replies in place before it sees them."""
    wrapper = flwr.serverapp.strategy.DifferentialPrivacyServerSideFixedClipping
    model = make_model()
    del model["scale"]  # with numbers, older versions of Flower fail
    plain, wrapped = (adamas.flower.FedAdam(fraction_evaluate=0.0) for _ in range(2))
    changed = {name: trained(model, 1, 0)[0][name] for name in model}
    grid = Grid(lambda arrays, config, node: (changed, 5), 3)
    with in_a_run():
        expected = plain.start(grid, record(model), num_rounds=2)
        private = wrapper(wrapped, noise_multiplier=0.0, clipping_norm=1e9, num_sampled_clients=3)
        found = private.start(grid, record(model), num_rounds=2)
    for name, array in arrays_of(expected.arrays).items():
        np.testing.assert_allclose(arrays_of(found.arrays)[name], array, rtol=1e-4, atol=1e-5)


def test_a_strategy_of_ones_own() -> None:
    """What overrides a method of Flower's strategy can override it here."""

    class Halving(adamas.flower.FedAdam):
        def aggregate_train(self, server_round: int, replies: Any) -> Any:
            found = super().aggregate_train(server_round, replies)
            self.eta /= 2.0
            return found

    model = make_model()
    with in_a_run():
        strategy = Halving(eta=0.5, fraction_evaluate=0.0)
        strategy.start(
            Grid(lambda arrays, config, node: (trained(arrays_of(arrays), 1, node)[0], 1), 2), record(model), 3
        )
    assert strategy.eta == 0.0625
    assert "eta" in inspect.signature(Halving).parameters


def test_both_interfaces_have_the_same_bits() -> None:
    model = make_model()
    newer, older = (run("Adam", model, older=flag, tau=1e-3) for flag in (False, True))
    current = model
    for number in range(1, 4):
        models = trained(current, 3, number)
        current = newer.round(number, models)
        assert same_bits(current, older.round(number, models))
