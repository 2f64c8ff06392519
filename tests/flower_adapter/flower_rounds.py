"""Models, replies and rounds of both interfaces of Flower, in this process."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from unittest.mock import Mock

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, Metadata, MetricRecord, RecordDict
from flwr.common import Code, FitRes, Parameters, Status, ndarrays_to_parameters, parameters_to_ndarrays

import adamas.flower
import adamas.flower.older
from adamas.rules import SPECS
from adamas.rules.flower_classes import flower_name, in_flower

Model = dict[str, Any]

#: Each rule, with each mode that it has.
CASES = [(spec.name, mode) for spec in SPECS.values() if in_flower(spec) for mode in (spec.flower.modes or (None,))]


def strategy_class(name: str, *, older: bool = False) -> Any:
    """Return the strategy of a rule."""
    return getattr(adamas.flower.older if older else adamas.flower, flower_name(SPECS[name]))


def mode_of(mode: str | None) -> dict[str, str]:
    """Return the argument ``mode``, if the rule has one."""
    return {} if mode is None else {"mode": mode}


def make_model(dtype: Any = np.float32, seed: int = 0) -> Model:
    """Return a model: matrices, a vector longer than a vector register, and a number."""
    rng = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "conv.weight": (4, 3, 2, 2),
        "fc.weight": (13, 7),
        "fc.bias": (37,),
        "scale": (),
    }
    return {name: np.asarray(rng.standard_normal(shape), dtype) for name, shape in shapes.items()}


def trained(model: Mapping[str, Any], clients: int, seed: int) -> list[Model]:
    """Return what clients made of a model."""
    rng = np.random.default_rng(seed)
    return [
        {name: np.asarray(x + rng.standard_normal(x.shape) / 50, x.dtype) for name, x in model.items()}
        for _ in range(clients)
    ]


def record(model: Mapping[str, Any]) -> ArrayRecord:
    """Return a model as a record."""
    return ArrayRecord({name: Array(np.asarray(array)) for name, array in model.items()})


def message(content: RecordDict, node: int) -> Message:
    """Return a message of a node."""
    return Message(content, metadata=Metadata(1, f"m{node}", node, 0, "", "", time.time(), 3600.0, "train"))


def reply(model: Mapping[str, Any] | ArrayRecord, examples: Any = 10, node: int = 1, **metrics: Any) -> Message:
    """Return what a node sends after training."""
    arrays = model if isinstance(model, ArrayRecord) else record(model)
    metrics = {"num-examples": examples, **metrics}
    return message(RecordDict({"arrays": arrays, "metrics": MetricRecord(metrics)}), node)


def replies(models: Sequence[Mapping[str, Any]], examples: Sequence[int] | None = None) -> list[Message]:
    """Return a reply of a node with each model."""
    counts = examples or [10 + 3 * i for i in range(len(models))]
    return [reply(model, count, 101 + i) for i, (model, count) in enumerate(zip(models, counts, strict=True))]


def arrays_of(found: ArrayRecord) -> Model:
    """Return a record as arrays."""
    return {name: array.numpy() for name, array in found.items()}


def results(models: Sequence[Mapping[str, Any]], examples: Sequence[int] | None = None) -> list[Any]:
    """Return the same for the older interface."""
    counts = examples or [10 + 3 * i for i in range(len(models))]
    return [
        (client(str(i)), FitRes(Status(Code.OK, ""), ndarrays_to_parameters([*model.values()]), count, {"loss": 0.5}))
        for i, (model, count) in enumerate(zip(models, counts, strict=True))
    ]


def client(cid: str) -> Any:
    """Return a client of the older interface."""
    made = Mock()
    made.cid = cid
    return made


class Newer:
    """A strategy of ``flwr.serverapp``, Flower's or ours, that is given replies."""

    def __init__(self, strategy: Any, model: Mapping[str, Any]) -> None:
        self.strategy = strategy
        self.model = dict(model)

    def round(self, number: int, models: Sequence[Mapping[str, Any]], examples: Sequence[int] | None = None) -> Model:
        """Aggregate a round; return the new model."""
        self.strategy.current_arrays = self.model
        found, _ = self.strategy.aggregate_train(number, replies(models, examples))
        self.model = arrays_of(found)
        return self.model

    def go_on_from(self, model: Mapping[str, Any]) -> None:
        """Have the next round begin with a model."""
        self.model = dict(model)


class Older:
    """A strategy of ``flwr.server``."""

    def __init__(self, strategy: Any, model: Mapping[str, Any]) -> None:
        self.strategy = strategy
        self.names = list(model)

    def round(self, number: int, models: Sequence[Mapping[str, Any]], examples: Sequence[int] | None = None) -> Model:
        """Aggregate a round; return the new model."""
        found, _ = self.strategy.aggregate_fit(number, results(models, examples), [])
        return dict(zip(self.names, parameters_to_ndarrays(found), strict=True))

    def go_on_from(self, model: Mapping[str, Any]) -> None:
        """Have the next round begin with a model."""
        self.strategy.current_weights = [*model.values()]


def run(name: str, model: Mapping[str, Any], *, older: bool = False, **arguments: Any) -> Any:
    """Return our strategy of a rule, with a model."""
    made = strategy_class(name, older=older)
    if older:
        parameters = ndarrays_to_parameters([*model.values()])
        return Older(made(initial_parameters=parameters, **arguments), model)
    return Newer(made(**arguments), model)


class Grid:
    """A grid of nodes in this process: it hands messages to a function, as a simulation does to a ClientApp."""

    def __init__(
        self, train: Callable[[ArrayRecord, ConfigRecord, int], tuple[Mapping[str, Any], int]], nodes: int
    ) -> None:
        self._train = train
        self._nodes = nodes

    def get_node_ids(self) -> Iterable[int]:
        """Return the nodes, as Flower asks for them."""
        return [1000 + i for i in range(self._nodes)]

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        """Return the replies, the last first."""
        found: list[Message] = []
        for sent in messages:
            node = sent.metadata.dst_node_id
            content = sent.content
            model, examples = self._train(content["arrays"], content["config"], node - 1000)
            found.append(reply(model, examples, node))
        found.reverse()
        return found


@contextlib.contextmanager
def in_a_run() -> Iterator[None]:
    """Let messages be made, which newer versions of Flower allow within a run alone."""
    try:
        from flwr.supercore.task_identity import TaskIdentity
    except ImportError:
        yield
        return
    TaskIdentity.task_id, TaskIdentity.run_id, TaskIdentity.node_id = 1, 1, 1
    yield


def same_bits(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Tell whether two models are the same, bit by bit."""
    return a.keys() == b.keys() and all(
        (x := np.asarray(a[name])).dtype == (y := np.asarray(b[name])).dtype
        and x.shape == y.shape
        and x.tobytes() == y.tobytes()
        for name in a
    )


def parameters(model: Mapping[str, Any]) -> Parameters:
    """Return a model as the older interface has it."""
    return ndarrays_to_parameters([*model.values()])
