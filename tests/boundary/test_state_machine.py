"""Any sequence of calls: the compiled optimizer and the reference do the same, and a refused call changes nothing.

A short run of fixed sequences, or for as many seconds as ADAMAS_FUZZ_SECONDS says, random ones.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import bits
import numpy as np
import pytest
from checkpoints import ENDINGS
from drawn import (
    ARGUMENTS,
    BAD_ARGUMENTS,
    BAD_GRADS,
    DEFAULTS,
    GOOD_GRADS,
    SETTINGS,
    Drawn,
    Grads,
    drawn_optimizers,
    plain,
    values,
)
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from pairs import REFUSALS, Act, Pair, Side, assert_same, digest, frozen, in_a_child, on_a_thread

import adamas
from adamas import _core

SECONDS = float(os.environ.get("ADAMAS_FUZZ_SECONDS", "0"))
SHORT = settings(
    max_examples=45,
    stateful_step_count=25,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(SHORT, max_examples=100, stateful_step_count=60, derandomize=False)

WAYS = st.sampled_from(["step", "step", "step", "thread", "async", "scope", "child"])


@contextlib.contextmanager
def _in(folder: Path) -> Iterator[None]:
    """Work in a folder, so that both sides name their files alike."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


class Sequences(RuleBasedStateMachine):
    """The calls, on one pair of optimizers at a time."""

    examples: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        Sequences.examples += 1
        self.pair = Pair()
        self.folder = Path(tempfile.mkdtemp(prefix="adamas-sequences-"))
        self.made = 0
        self.drawn: Drawn
        #: What was saved: state dicts, and files with what the optimizer held.
        self.dicts: list[list[Any]] = []
        self.files: list[tuple[Drawn, str, dict[str, Any]]] = []
        self.isa, self.bytes_per_thread = adamas.active_isa(), _core.bytes_per_thread()
        _core.set_bytes_per_thread(64)  # so that small arrays are cut up, too

    def teardown(self) -> None:
        shutil.rmtree(self.folder)
        adamas.use_isa(self.isa)
        adamas.set_num_threads(0)
        _core.set_bytes_per_thread(self.bytes_per_thread)

    @property
    def ours(self) -> Side:
        return self.pair.sides[0]

    def make(self, drawn: Drawn) -> Any:
        self.made += 1
        return self.pair.do(lambda side, _: drawn.make(side, self.made), stays=False)

    def act(self, act: Act, grads: Grads | None = None) -> Any:
        return self.pair.do(act) if grads is None else self.pair.do(act, lambda side: grads.of(self.drawn, side))

    @initialize(drawn=drawn_optimizers())
    def begin(self, drawn: Drawn) -> None:
        self.drawn = drawn
        if isinstance(self.make(drawn), Exception):
            self.drawn = plain(drawn)
            assert self.make(self.drawn) is None

    @rule(drawn=drawn_optimizers())
    def let_go_and_begin_anew(self, drawn: Drawn) -> None:
        self.begin(drawn)
        gc.collect(0)

    @rule(way=WAYS, grads=GOOD_GRADS, arguments=ARGUMENTS)
    def step(self, way: str, grads: Grads, arguments: Any) -> None:
        if way == "scope":
            self.step_in_parts(grads, arguments)
        elif way == "thread":
            self.act(lambda side, given: on_a_thread(lambda: side.opt.step(given, **arguments)), grads)
        elif way == "async":
            self.act(lambda side, given: side.opt.step_async(given, **arguments).result(), grads)
        elif way == "child":
            self.step_in_a_child(grads, arguments)
        else:
            self.act(lambda side, given: side.opt.step(given, **arguments), grads)

    def step_in_parts(self, grads: Grads, arguments: Any) -> None:
        order = np.random.default_rng(grads.seed).permutation(len(self.drawn.leaves))

        def act(side: Side, items: Any) -> Any:
            names = list(side.opt.state)
            with side.opt.step_scope(previous_norm=grads.seed % 2 == 0, **arguments) as scope:
                for i in order:
                    if items[i] is not None:
                        side.opt.step_param(names[i] if i % 2 else i, items[i])
            return scope.report

        self.pair.do(act, lambda side: grads.items(self.drawn, side), stays=False)

    def step_in_a_child(self, grads: Grads, arguments: Any) -> None:
        given = grads.of(self.drawn, self.ours)

        def act() -> bytes:
            with contextlib.suppress(*REFUSALS):
                self.ours.opt.step(given, **arguments)
            return digest(self.ours.content())

        found = in_a_child(act)
        self.act(lambda side, given: side.opt.step(given, **arguments), grads)
        assert found == digest(self.ours.content()), "a child got other bits"

    @rule(way=st.sampled_from(["step", "async", "accumulate"]), grads=BAD_GRADS, arguments=ARGUMENTS)
    def bad_gradients(self, way: str, grads: Grads, arguments: Any) -> None:
        if way == "accumulate":
            self.act(lambda side, given: side.opt.accumulate(given), grads)
        elif way == "async":
            self.act(lambda side, given: side.opt.step_async(given, **arguments).result(), grads)
        else:
            self.act(lambda side, given: side.opt.step(given, **arguments), grads)

    @rule(grads=GOOD_GRADS, arguments=BAD_ARGUMENTS, scope=st.booleans())
    def bad_arguments(self, grads: Grads, arguments: Any, scope: bool) -> None:
        if scope:
            refused = self.act(lambda side, _: side.opt.step_scope(**arguments).__enter__())
        else:
            refused = self.act(lambda side, given: side.opt.step(given, **arguments), grads)
        assert isinstance(refused, Exception)

    @rule(grads=GOOD_GRADS, used=st.booleans())
    def accumulate(self, grads: Grads, used: bool) -> None:
        self.act(lambda side, given: side.opt.accumulate(given), grads)
        if used:
            self.act(lambda side, _: side.opt.step())

    @rule()
    def drop_accumulated(self) -> None:
        self.act(lambda side, _: side.opt.drop_accumulated())

    @rule(group=st.integers(0, 1), key=st.integers(0, 20), value=st.sampled_from(SETTINGS), grads=GOOD_GRADS)
    def set_hyperparameter(self, group: int, key: int, value: Any, grads: Grads) -> None:
        """And take a step; if it is refused, set it back."""
        before = []
        for side in self.pair.sides:
            chosen = side.opt.param_groups[group % len(side.opt.param_groups)]
            name = [name for name in chosen if name != "params"][key % (len(chosen) - 1)]
            before.append((chosen, name, chosen[name]))
            chosen[name] = value
        if isinstance(self.act(lambda side, given: side.opt.step(given), grads), Exception):
            self.act(lambda side, _: side.opt.state_dict())
            for chosen, name, old in before:
                chosen[name] = old

    @rule(how=st.sampled_from(["a key less", "no dict", "a group less"]), grads=GOOD_GRADS)
    def spoil_groups(self, how: str, grads: Grads) -> None:
        kept = [(side.opt.param_groups, [dict(g) for g in side.opt.param_groups]) for side in self.pair.sides]
        for side in self.pair.sides:
            if how == "a key less":
                del side.opt.param_groups[-1]["lr"]
            elif how == "no dict":
                side.opt.param_groups[-1] = {}
            else:
                side.opt.param_groups.pop()
        assert isinstance(self.act(lambda side, given: side.opt.step(given), grads), Exception)
        for groups, content in kept:
            groups[:] = content
        self.pair.compare()

    @rule(setting=st.sampled_from(DEFAULTS))
    def set_default(self, setting: tuple[str, Any]) -> None:
        self.act(lambda side, _: setattr(side.opt.step_defaults, *setting))

    @rule(isa=st.sampled_from(adamas.available_isas()), threads=st.integers(0, 3), own=st.sampled_from([None, 1, 2, 0]))
    def run_otherwise(self, isa: str, threads: int, own: int | None) -> None:
        adamas.use_isa(isa)
        adamas.set_num_threads(threads)
        self.act(lambda side, _: setattr(side.opt, "num_threads", own))

    @rule(seed=st.integers(0, 999), which=st.integers(0, 9), special=st.sampled_from([None, None, 0.0, np.inf, np.nan]))
    def change_values(self, seed: int, which: int, special: float | None) -> None:
        """In place, of a parameter or of one of its states that are plain numbers."""

        def act(side: Side, _: Any) -> None:
            arrays = side.arrays[: len(self.drawn.leaves)]
            arrays += [a for e in side.opt.state.values() for a in e.values() if isinstance(a, np.ndarray)]
            array = arrays[which % len(arrays)]
            if array.dtype.kind not in "iu":
                new = values(np.random.default_rng(seed), array.shape)
                if special is not None:
                    new.reshape(-1)[: 1 + seed % 3] = special
                array[...] = (np.abs(new) if which >= len(self.drawn.leaves) else new).astype(array.dtype)

        self.act(act)

    @rule(parameter=st.integers(0, 5), rows=st.sampled_from([None, [0], [4, 1, 4], [9], [-1], [0.5]]))
    def catch_up(self, parameter: int, rows: Any) -> None:
        chosen = None if parameter == 5 else parameter
        self.act(lambda side, _: side.opt.catch_up(chosen, None if rows is None else np.array(rows)))

    @rule(shown=st.booleans())
    def remember(self, shown: bool) -> None:
        saved: list[Any] = []

        def act(side: Side, _: Any) -> Any:
            saved.append(side.opt.state_dict(copy=shown))
            return saved[-1]

        self.act(act)
        if len(saved) == 2 and shown:
            self.dicts.append(saved)

    @rule(which=st.integers(0, 9), crossed=st.booleans(), fresh=st.booleans())
    def bring_back(self, which: int, crossed: bool, fresh: bool) -> None:
        if not self.dicts:
            return
        if fresh:
            self.make(self.drawn)
        saved = self.dicts[which % len(self.dicts)]
        saved = saved[::-1] if crossed else saved
        self.act(lambda side, _: side.opt.load_state_dict(saved[side is not self.ours]))

    @rule(ending=st.sampled_from([*ENDINGS, ".txt"]), params=st.booleans())
    def save(self, ending: str, params: bool) -> None:
        name = f"{len(self.files)}{ending}"

        def act(side: Side, _: Any) -> None:
            folder = self.folder / side.module.__name__
            folder.mkdir(exist_ok=True)
            with _in(folder):
                side.opt.save(name, params=params)

        if self.act(act) is None:
            kept = [f"array {i}" for i in range(len(self.drawn.leaves) if params else 0)]
            content = {k: frozen(v) for k, v in self.ours.content().items() if k in kept or k.startswith("state")}
            self.files.append((self.drawn, name, content))
            read = [adamas.checkpoint.read(self.folder / side.module.__name__ / name) for side in self.pair.sides]
            assert_same(read[0].state_dict, read[1].state_dict, "the files' states")
            assert_same(read[0].params, read[1].params, "the files' parameters")

    @rule(
        which=st.integers(0, 9),
        fresh=st.booleans(),
        crossed=st.booleans(),
        flags=st.fixed_dictionaries(
            {},
            optional={
                "params": st.sampled_from([None, True, False]),
                "strict": st.booleans(),
                "convert": st.booleans(),
                "check_finite": st.booleans(),
            },
        ),
    )
    def load(self, which: int, fresh: bool, crossed: bool, flags: dict[str, Any]) -> None:
        if not self.files:
            return
        drawn, name, content = self.files[which % len(self.files)]
        if fresh:
            self.make(self.drawn)

        def act(side: Side, _: Any) -> Any:
            module = next(s.module for s in self.pair.sides if (s is side) != crossed)
            with _in(self.folder / module.__name__):
                return side.opt.load(name, **flags)

        if self.act(act) == [] and drawn is self.drawn and flags.get("params") is not False:
            now = self.ours.content()
            for key, value in content.items():
                assert frozen(now[key]) == value, f"{key} is not what was saved"

    @rule(grads=GOOD_GRADS)
    def averages(self, grads: Grads) -> None:
        def act(side: Side, given: Any) -> Any:
            with side.opt.averaged():
                with pytest.raises(RuntimeError, match="hold averages"):
                    side.opt.step(given)
                return [array.copy() for array in side.arrays]

        self.act(act, grads)

    @rule(grads=GOOD_GRADS)
    def evaluate(self, grads: Grads) -> None:
        def act(side: Side, given: Any) -> Any:
            side.opt.eval()
            with pytest.raises(RuntimeError, match="hold the averages"):
                side.opt.step(given)
            found = [array.copy() for array in side.arrays]
            side.opt.train()
            return found

        if hasattr(self.ours.opt, "eval"):
            self.act(act, grads)

    @rule(which=st.integers(0, 9), how=st.sampled_from(["read-only", "flat", "other dtype"]), grads=GOOD_GRADS)
    def spoil_arrays(self, which: int, how: str, grads: Grads) -> None:
        kept: list[Any] = []
        for side in self.pair.sides:
            array: Any = side.arrays[which % len(side.arrays)]
            kept.append((array, array.shape, array.dtype))
            if how == "read-only":
                array.setflags(write=False)
            elif how == "flat":
                array.shape = (array.size,)
            else:
                array.dtype = np.dtype(f"i{array.itemsize}")
        self.act(lambda side, given: side.opt.step(given), grads)
        for array, shape, dtype in kept:
            array.setflags(write=True)
            array.dtype = dtype
            array.shape = shape
        self.pair.compare()

    @rule()
    def show(self) -> None:
        self.act(lambda side, _: (repr(side.opt), repr(side.opt.state)))


def test_sequences(capsys: pytest.CaptureFixture[str]) -> None:
    if not SECONDS:
        return run_state_machine_as_test(Sequences, settings=SHORT)
    begin = last = time.monotonic()
    while last - begin < SECONDS:
        run_state_machine_as_test(Sequences, settings=LONG)
        last = time.monotonic()
        counts = f"{Sequences.examples} sequences, {Pair.moves} calls, {Pair.refused} of them refused by both"
        with capsys.disabled():
            print(f"\n{last - begin:.0f} s: {counts}", end="", flush=True)
    return None


def made(options: Any) -> Pair:
    pair = Pair()
    for side in pair.sides:
        side.arrays = [np.ones(3, np.float32)]
        side.opt = side.module.AdamW(side.arrays, **options)
    return pair


@pytest.fixture
def _uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference that is meant is none of the session's."""
    monkeypatch.setattr(bits, "COUNTS", bits.Counts())


@pytest.mark.usefixtures("_uncounted")
def test_a_difference_is_found() -> None:
    pair = made({})
    pair.do(lambda side, _: side.opt.step([np.ones(3)]))

    def act(side: Side, _: Any) -> None:
        side.opt.state["0"]["exp_avg"][2] = np.nextafter(
            side.opt.state["0"]["exp_avg"][2], np.float32(side is pair.sides[0])
        )

    with pytest.raises(AssertionError, match=r"exp_avg.*1 of 3 elements differ"):
        pair.do(act)


def test_other_words_are_found() -> None:
    def act(side: Side, _: Any) -> None:
        raise ValueError(side.module.__name__)

    with pytest.raises(AssertionError, match="instead of"):
        made({}).do(act)


def test_a_refusal_that_changes_something_is_found() -> None:
    def act(side: Side, _: Any) -> None:
        side.arrays[0][0] = 2.0
        raise ValueError("no")

    with pytest.raises(AssertionError, match="refused and changed something"):
        made({}).do(act)
