"""A strategy of ``flwr.server``, Flower's older interface, which exchanges lists of arrays."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from flwr.common import FitRes, Parameters, Scalar
from flwr.server.client_manager import ClientManager
from flwr.server.client_proxy import ClientProxy
from flwr.server.strategy import FedAvg

from adamas.adapters import Array
from adamas.adapters.checks import type_name
from adamas.adapters.docstrings import LazilyDocumented
from adamas.flower import _arguments
from adamas.flower._errors import ReplyError
from adamas.flower._layout import Reply, check_weights
from adamas.flower._served import Served
from adamas.flower._state import State
from adamas.flower._wire import packed, views

_log = logging.getLogger("flwr")
_TYPE = "numpy.ndarray"


class FedServer(Served, FedAvg, metaclass=LazilyDocumented):  # type: ignore[misc,unused-ignore]
    """Base of the strategies of `adamas.flower.older`: Flower's ``FedAvg``, except for what is made of the replies.

    Attributes:
        current_weights: The model that the next step starts from: read-only views of what was sent to the clients.
    """

    # As Flower's FedOpt has them: with initial_parameters, and without inplace.
    flower_parameters: ClassVar[Mapping[str, Any]] = {
        name: each.replace(default=each.empty) if name == "initial_parameters" else each
        for name, each in _arguments.parameters_of(FedAvg).items()
        if name != "inplace"
    }

    def __init__(self, **given: Any) -> None:
        parameters = given.get("initial_parameters")
        if not isinstance(parameters, Parameters):
            raise TypeError(
                "initial_parameters: expected flwr.common.Parameters (ndarrays_to_parameters makes them of arrays), "
                f"got {type_name(parameters)}"
            )
        model = _named(parameters)
        super().__init__(**given)
        self.current_weights: list[Array] = [*views(model).values()]
        self._server_for(self._model())  # refuses what cannot be a model

    def __repr__(self) -> str:
        return f"{type(self).__name__}(accept_failures={self.accept_failures})"

    def configure_fit(
        self, server_round: int, parameters: Parameters, client_manager: ClientManager
    ) -> list[tuple[ClientProxy, Any]]:
        """Begin a round as ``FedAvg`` does, with the number that it has.

        Args:
            server_round: The number of the round, from 1.
            parameters: The model that is sent to the clients.
            client_manager: The client manager of Flower.
        """
        instructions: list[tuple[ClientProxy, Any]] = super().configure_fit(
            self._rounds.begin(server_round), parameters, client_manager
        )
        return instructions

    def configure_evaluate(
        self, server_round: int, parameters: Parameters, client_manager: ClientManager
    ) -> list[tuple[ClientProxy, Any]]:
        """Begin an evaluation as ``FedAvg`` does, with the number that the round has.

        Args:
            server_round: The number of the round, from 1.
            parameters: The model that is sent to the clients.
            client_manager: The client manager of Flower.
        """
        instructions: list[tuple[ClientProxy, Any]] = super().configure_evaluate(
            self._rounds.number(server_round), parameters, client_manager
        )
        return instructions

    def aggregate_fit(
        self,
        server_round: int,
        results: list[tuple[ClientProxy, FitRes]],
        failures: list[tuple[ClientProxy, FitRes] | BaseException],
    ) -> tuple[Parameters | None, dict[str, Scalar]]:
        """Step from the model to the weighted mean of the results.

        Args:
            server_round: The number of the round, from 1.
            results: Of the clients.
            failures: Of other clients; if they are not accepted, there is no step.

        Returns:
            The new model and the aggregated metrics; None and no metrics if there was no step.

        Raises:
            ReplyError: A result does not fit the model, or is not finite; the message names the client and the array.
                Model and states have not changed.
        """
        number = self._rounds.number(server_round)
        if not results or (failures and not self.accept_failures):
            self._rounds.completed = number
            return None, {}
        read = [_read(client, result) for client, result in results]
        check_weights(read)
        metrics: dict[str, Scalar] = {}
        if self.fit_metrics_aggregation_fn:
            metrics = self.fit_metrics_aggregation_fn([(result.num_examples, result.metrics) for _, result in results])
        elif number == 1:
            _log.warning("No fit_metrics_aggregation_fn provided")
        new = self._aggregate(number, self._model(), read)
        self._rounds.completed = number
        self._set_model(new)
        return Parameters([*new.values()], _TYPE), metrics

    def _model(self) -> dict[str, Array]:
        return {str(i): array for i, array in enumerate(self.current_weights)}

    def _set_model(self, data: Mapping[str, bytes]) -> None:
        self.current_weights = [*views(data).values()]

    def _resume(self, state: State) -> None:
        super()._resume(state)
        self.initial_parameters = Parameters([*packed(self._model()).values()], _TYPE)


def _named(parameters: Parameters) -> dict[str, bytes]:
    return {str(i): data for i, data in enumerate(parameters.tensors)}


def _read(client: ClientProxy, result: FitRes) -> Reply:
    sender = f"client {client.cid}"
    weight = _arguments.check_weight(result.num_examples, f"The reply of {sender}: num_examples", ReplyError)
    return Reply(sender, weight, _named(result.parameters))
