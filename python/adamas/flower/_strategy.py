"""A strategy of ``flwr.serverapp``, which exchanges messages."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from flwr.app import Array as FlowerArray
from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.exception import AggregationError
from flwr.serverapp.strategy import FedAvg

from adamas.adapters import Array
from adamas.adapters.docstrings import LazilyDocumented
from adamas.flower import _arguments
from adamas.flower._errors import ReplyError
from adamas.flower._layout import Reply, check_weights
from adamas.flower._served import Served
from adamas.flower._wire import packed, views

_log = logging.getLogger("flwr")
#: What Flower calls the bytes of ``numpy.save``.
_NUMPY = "numpy.ndarray"


class FedServer(Served, FedAvg, metaclass=LazilyDocumented):  # type: ignore[misc,unused-ignore]
    """Base of the strategies of `adamas.flower`: Flower's ``FedAvg``, except for what is made of the replies.

    Sampling, messages, evaluation and the aggregation of metrics are Flower's.

    Attributes:
        current_arrays: The model that the next step starts from: read-only views of what was sent to the clients, or,
            after a round, of its result.
    """

    flower_parameters: ClassVar[Mapping[str, Any]] = _arguments.parameters_of(FedAvg)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.current_arrays: dict[str, Array] | None = None

    @property
    def arrays(self) -> ArrayRecord:
        """The model that the last round made, to begin with after a restart.

        Raises:
            RuntimeError: There is none yet.
        """
        if self._server is None or self.current_arrays is None:
            raise RuntimeError("there is no model yet: call load(), or train a round")
        return _record(packed(self.current_arrays))

    def summary(self) -> None:
        """Log the settings, as Flower does."""
        _log.info("\t├──> adamas.%s settings:", self.engine_class.__name__)
        for name in self.arguments:
            if hasattr(self, name):
                _log.info("\t│\t├── %s: %s", name, getattr(self, name))
        super().summary()

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Remember the model, and begin a round as ``FedAvg`` does.

        Args:
            server_round: The number of the round, from 1.
            arrays: The model that is sent to the clients.
            config: The configuration that is sent with it.
            grid: The grid of Flower, which knows the nodes.

        Raises:
            TypeError: An array that is not one of numbers.
            ValueError: The arrays are not those of the rounds before.
        """
        model = views({name: _bytes_of(array, f"arrays[{name!r}]", TypeError) for name, array in arrays.items()})
        self._server = self._server_for(model)
        number = self._rounds.begin(server_round)
        self.current_arrays = model
        messages: Iterable[Message] = super().configure_train(number, arrays, config, grid)
        return messages

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Begin an evaluation as ``FedAvg`` does, with the number that the round has.

        Args:
            server_round: The number of the round, from 1.
            arrays: The model that is sent to the clients.
            config: The configuration that is sent with it.
            grid: The grid of Flower, which knows the nodes.
        """
        messages: Iterable[Message] = super().configure_evaluate(
            self._rounds.number(server_round), arrays, config, grid
        )
        return messages

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Step from the model to the weighted mean of the replies.

        Args:
            server_round: The number of the round, from 1.
            replies: Of the clients. Those that carry an error are logged and left out.

        Returns:
            The new model and the aggregated metrics; None and None if no client sent any.

        Raises:
            ReplyError: A reply does not fit the model, or is not finite; the message names the node and the array.
                Model and states have not changed.
            AggregationError: There is no model: `configure_train` has not been called.
        """
        number = self._rounds.number(server_round)
        valid = _without_errors(replies)
        if not valid:
            self._rounds.completed = number
            return None, None
        if self.current_arrays is None:
            raise AggregationError(reason="There is no model to step from. Call `configure_train` before aggregation.")
        read = [_read(message, self.weighted_by_key) for message in valid]
        check_weights(read)
        _check_metrics(valid)
        metrics = self.train_metrics_aggr_fn([message.content for message in valid], self.weighted_by_key)
        new = self._aggregate(number, self.current_arrays, read)
        self._rounds.completed = number
        self._set_model(new)
        return _record(new), metrics

    def _model(self) -> dict[str, Array] | None:
        return self.current_arrays

    def _set_model(self, data: Mapping[str, bytes]) -> None:
        self.current_arrays = views(data)


def _record(data: Mapping[str, bytes]) -> ArrayRecord:
    arrays = views(data)
    return ArrayRecord(
        {
            name: FlowerArray(dtype=str(arrays[name].dtype), shape=arrays[name].shape, stype=_NUMPY, data=each)
            for name, each in data.items()
        }
    )


def _bytes_of(array: FlowerArray, path: str, error: type[Exception]) -> bytes:
    if array.stype != _NUMPY:
        raise error(f"{path}: expected an array that is sent as {_NUMPY!r}, got one that is sent as {array.stype!r}")
    data: bytes = array.data
    return data


def _sender(message: Message) -> str:
    return f"node {message.metadata.src_node_id}"


def _without_errors(replies: Iterable[Message]) -> list[Message]:
    valid: list[Message] = []
    failed: list[Message] = []
    for message in replies:
        (failed if message.has_error() else valid).append(message)
    _log.info("aggregate_train: Received %s results and %s failures", len(valid), len(failed))
    for message in failed:
        _log.info("\t> Received error in reply from %s: %s", _sender(message), message.error.reason)
    return valid


def _only(records: Mapping[str, Any], kind: str, message: Message) -> Any:
    if len(records) != 1:
        raise ReplyError(f"The reply of {_sender(message)} does not fit: expected one {kind}, got {len(records)}")
    return next(iter(records.values()))


def _read(message: Message, weighted_by_key: str) -> Reply:
    """Return what a reply holds."""
    sender, content = _sender(message), message.content
    arrays = _only(content.array_records, "ArrayRecord", message)
    metrics = _only(content.metric_records, "MetricRecord", message)
    if weighted_by_key not in metrics:
        raise ReplyError(f"The reply of {sender} does not fit: its metrics lack {weighted_by_key!r}, the weight")
    weight = _arguments.check_weight(
        metrics[weighted_by_key], f"The reply of {sender}: {weighted_by_key!r}", ReplyError
    )
    data = {
        name: _bytes_of(array, f"The reply of {sender} cannot be read: array {name!r}", ReplyError)
        for name, array in arrays.items()
    }
    return Reply(sender, weight, data)


def _check_metrics(messages: Iterable[Message]) -> None:
    """Refuse metrics that differ in their names, of which Flower would make no mean."""
    first = ""
    expected: set[str] = set()
    for message in messages:
        content: RecordDict = message.content
        names = set(next(iter(content.metric_records.values())))
        if first and names != expected:
            differing = min(names ^ expected)
            raise ReplyError(
                f"The reply of {_sender(message)} does not fit: {differing!r} is a metric of it or of {first}, but not "
                "of both"
            )
        first, expected = _sender(message), names
