"""The common part of the strategies of both interfaces of Flower: hyperparameters, the server, and its state."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from adamas.adapters import Array, Optimizer, OptimizerInfo, describe
from adamas.flower import _arguments
from adamas.flower._layout import Reply
from adamas.flower._rounds import Rounds
from adamas.flower._server import Server, Step
from adamas.flower._state import State, load, read_state, save
from adamas.flower._wire import packed
from adamas.rules.flower_classes import SERVER_ARGUMENTS, argument_of, stepped_by


class Served:
    """A strategy whose server is an optimizer of adamas. A class before Flower's ``FedAvg`` in the bases of one.

    Hyperparameters are attributes, under the names that Flower has for them. They are read and checked at each round.
    """

    #: The class of adamas that steps.
    engine_class: ClassVar[type[Optimizer]]
    #: Arguments that Flower's ``FedAvg`` lacks, and their defaults.
    arguments: ClassVar[Mapping[str, Any]]
    #: Those that it has.
    flower_parameters: ClassVar[Mapping[str, inspect.Parameter]]

    __signature__: ClassVar[inspect.Signature]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "arguments" in cls.__dict__:
            cls.__signature__ = _arguments.signature_of(cls.flower_parameters, cls.arguments)

    def __init__(self, **given: Any) -> None:
        _arguments.refuse_unknown(given, type(self).__name__, self.arguments, self.flower_parameters)
        own = {name: given.pop(name, default) for name, default in self.arguments.items()}
        words = self._info.spec.flower
        self._mode = _arguments.check_mode(own["mode"], words.modes) if words.modes else ""
        self._averaged = _arguments.check_patterns(own["averaged"])
        starts = bool(words.first_values(self._mode, 1.0))
        self._options = _arguments.check_options(own["state_dtype"], own["num_threads"], starts_states=starts)
        hyperparameters = _arguments.hyperparameters(self._info, own)
        if "max_lr" in own:
            defaults = {each.name: each.default for each in self._info.spec.hyperparameters}
            own["max_lr"] = self._info.at_construction({**defaults, **hyperparameters})["max_lr"]
        super().__init__(**given)
        for name in own.keys() - {"mode", *SERVER_ARGUMENTS}:
            setattr(self, name, own[name])
        self._rounds = Rounds()
        self._server: Server | None = None

    @property
    def _info(self) -> OptimizerInfo:
        return describe(self.engine_class)

    @property
    def mode(self) -> str | None:
        """The mode, as decided at construction; None for a rule that has none."""
        return self._mode or None

    @property
    def completed_rounds(self) -> int:
        """How many rounds are over, those before a restart included."""
        return self._rounds.completed

    @property
    def state(self) -> dict[str, dict[str, Array]]:
        """The live states of each parameter, by its name and theirs (``exp_avg``); empty before the first round.

        They may be read, and changed between rounds.
        """
        return {} if self._server is None else self._server.states()

    def state_dict(self) -> dict[str, Any]:
        """Return copies of all that is needed to go on later.

        Returns:
            A dict with the number of completed rounds under ``round``, the model under ``arrays``, hyperparameters
            under ``hyperparameters`` (None for callables), and the rest under ``strategy``, ``mode`` and ``optimizer``.

        Raises:
            RuntimeError: No round has changed the model yet.
        """
        state = self._state(copy=True)
        return {**state._asdict(), "arrays": {name: array.copy() for name, array in state.arrays.items()}}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned: with its model, states, hyperparameters and number of rounds.

        Flower is told the number of the round as it goes on, so ``server-round`` in the clients' configuration does not
        begin again.

        Args:
            state_dict: What `state_dict` returned, of a strategy of the same class and mode.

        Raises:
            TypeError: Something in it is of the wrong type.
            ValueError: It does not fit; nothing has changed.
        """
        self._resume(read_state(state_dict))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model and the server's state to a checkpoint, atomically, in place of what is there.

        Args:
            path: Path of the file, which ends in ``.safetensors`` or ``.npz``. `adamas.checkpoint.read` can read it.

        Raises:
            OSError: The file cannot be written; the old file is unchanged.
            ValueError: The path has another ending.
            RuntimeError: No round has changed the model yet.
        """
        save(path, self._state(copy=False), self._stepped())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Go on from a checkpoint of `save`, as `load_state_dict` does.

        Args:
            path: Path of the file.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is no checkpoint, is damaged, or does not fit; nothing has changed.
        """
        self._resume(load(path))

    def _stepped(self) -> list[str]:
        return [] if self._server is None else self._server.layout.stepped

    def _hyperparameters(self) -> dict[str, Any]:
        """Return the hyperparameters by Flower's names, as they are now."""
        return {word: getattr(self, word) for name in stepped_by(self._info.spec) for word in self._words(name)}

    def _words(self, name: str) -> tuple[str, ...]:
        return argument_of(self._info.spec, name)

    def _step_of(self, number: int) -> Step:
        """Return what the step of a round goes by."""
        words = self._info.spec.flower
        steps = 0 if self._server is None else self._server.bound.completed
        own = _arguments.at_step(self._info, self._hyperparameters(), steps)
        before = words.steps_before(self._mode, steps, number)
        values = {**own, **words.hyperparameters(self._mode), "maximize": True}
        return Step(values, None if before == steps else before)

    def _server_for(self, model: Mapping[str, Array]) -> Server:
        """Return the server; make it, if there is none."""
        if self._server is None:
            return self._new_server(model)
        self._server.layout.check_model(model)
        return self._server

    def _new_server(self, model: Mapping[str, Array]) -> Server:
        first = self._info.spec.flower.first_values(self._mode, float(getattr(self, "tau", 0.0)))
        return Server(self.engine_class, model, self._averaged, self._step_of(1), first, self._options)

    def _aggregate(self, number: int, model: Mapping[str, Array], replies: Sequence[Reply]) -> dict[str, bytes]:
        """Take the step of a round; return the new model as bytes."""
        server = self._server_for(model)
        new = server.step(model, replies, self._step_of(number))
        self._server = server
        return new

    def _model(self) -> dict[str, Array] | None:
        """Return the model that the last round made, or None."""
        raise NotImplementedError

    def _set_model(self, data: Mapping[str, bytes]) -> None:
        """Take a model, as bytes, as what the last round made."""
        raise NotImplementedError

    def _state(self, *, copy: bool) -> State:
        model = self._model()
        if self._server is None or model is None:
            raise RuntimeError("there is nothing to save: no round has changed the model yet")
        return State(
            type(self).__name__,
            self._mode,
            self._rounds.completed,
            {name: None if callable(value) else value for name, value in self._hyperparameters().items()},
            model,
            self._server.bound.optimizer.state_dict(copy=copy),
        )

    def _resume(self, state: State) -> None:
        if state.strategy != type(self).__name__ or state.mode != self._mode:
            raise ValueError(
                f"expected the state of {_named(type(self).__name__, self._mode)}, got that of "
                f"{_named(state.strategy, state.mode)}"
            )
        before = self._hyperparameters()
        saved = {name: value for name, value in state.hyperparameters.items() if value is not None}
        if saved.keys() - before.keys():
            raise ValueError(f"hyperparameters: {type(self).__name__} has no {min(saved.keys() - before.keys())!r}")
        _arguments.at_step(self._info, {**before, **saved}, state.optimizer["step"])
        server, data = self._restored(state, {**before, **saved})
        for name, value in saved.items():
            setattr(self, name, value)
        self._server = server
        self._rounds.resume(state.round)
        self._set_model(data)

    def _restored(self, state: State, hyperparameters: Mapping[str, Any]) -> tuple[Server, dict[str, bytes]]:
        """Return a server with the states that were saved, and the model as bytes."""
        words = self._info.spec.flower
        own = _arguments.at_step(self._info, hyperparameters, state.optimizer["step"])
        step = Step({**own, **words.hyperparameters(self._mode), "maximize": True})
        server = Server(self.engine_class, state.arrays, self._averaged, step, {}, self._options)
        server.bound.optimizer.load_state_dict(state.optimizer)
        return server, packed(state.arrays)


def _named(strategy: str, mode: str) -> str:
    return f"{strategy}(mode={mode!r})" if mode else strategy
