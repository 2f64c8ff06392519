"""Benchmarks: all sides compute the same update, which is checked; results become tables and pictures. No times."""

from __future__ import annotations

import importlib
import io
import itertools
import json
import math
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import adamas
from adamas._pictures import SERIES, in_order, library_look
from adamas.bench import command, comparison, draw, report, rules_and_formats
from adamas.bench.machine import thread_counts
from adamas.bench.peers import PEERS, Adamas, Peer, Run
from adamas.bench.progress import Progress
from adamas.bench.scenarios import SCENARIOS, find_workload, gpt2_small, resnet50, with_tensors
from adamas.bench.timing import Side, Timing, ratio, rounds_within, time_alternately
from adamas.bench.workload import CHECK_STEPS, LOSS_SCALE, Phase, Problem, Workload, tolerance, update_error
from adamas.cli import main

SMALL = Workload(((700,), (30, 20)))
WHOLE = Phase(unscale=True, clip="all", zero=True)


def bench_module(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a script of the folder bench."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "bench")
    return importlib.import_module(name)


draw_times = draw._draw_times


def _note_times(draw_them: Any, axes: Any, rows: Any, drawn: dict[str, list[float]]) -> None:
    """Draw, and note what was drawn by the names of the legend."""
    draw_them(axes, rows, {(row.kind, row.name): place for place, row in enumerate(rows)})
    drawn.update({line.get_label(): list(line.get_xdata()) for line in axes.lines})


class TestTiming:
    def test_every_side_has_its_turns_in_rotated_order(self) -> None:
        calls: list[str] = []
        sides = {name: Side(lambda name=name: calls.append(name)) for name in "abc"}  # type: ignore[misc]
        timings = time_alternately(sides, rounds=3, turn_seconds=0.0, warm=False)
        assert "".join(calls[-9:]) == "abcbcacab"
        assert [len(timing.rounds) for timing in timings.values()] == [3, 3, 3]

    def test_what_is_done_around_turns_and_steps(self) -> None:
        calls: list[str] = []
        side = Side(
            lambda: calls.append("step"),
            before_turn=lambda: calls.append("<"),
            after_turn=lambda: calls.append(">"),
            before_step=lambda: calls.append("fill"),
        )
        time_alternately({"a": side}, rounds=1, turn_seconds=0.0)
        assert " ".join(calls[-6:]) == "< fill step fill step >"

    def test_a_call_of_several_steps_counts_as_several(self) -> None:
        one, six = ({"a": Side(lambda: sum(range(20_000)), steps=steps)} for steps in (1, 6))
        seconds = [time_alternately(sides, 5, 0.0)["a"].median for sides in (one, six)]
        assert seconds[1] < seconds[0]

    def test_ratio_is_of_medians_and_its_quartiles_are_within_rounds(self) -> None:
        assert ratio(Timing([1.0, 2.0, 9.0]), Timing([1.0, 1.0, 3.0])) == (2.0, 1.0, 3.0)

    def test_rounds_stay_within_bounds(self) -> None:
        sides = {"a": Side(lambda: None)}
        assert rounds_within(sides, 0.0, 0.0) == 9
        assert rounds_within(sides, 0.0, 10.0) == 200


class TestWorkload:
    def test_parameter_lists_are_those_of_the_models(self) -> None:
        assert (len(resnet50()), Workload(resnet50()).size) == (161, 25_557_032)
        assert (len(gpt2_small()), Workload(gpt2_small()).size) == (148, 124_439_808)
        assert Workload(with_tensors(7, 100)).size == 100

    @pytest.mark.parametrize(
        ("workload", "expected"),
        [
            (Workload(((1,),)), 28.0),
            (Workload(((1,),), states="bfloat16"), 20.0),
            (Workload(((1,),), states="int8"), 16.125),
            (Workload(((1,),), params="bfloat16", states="bfloat16"), 14.0),
            (Workload(((1,),), phase=WHOLE), 36.0),
        ],
    )
    def test_bytes_of_a_parameter(self, workload: Workload, expected: float) -> None:
        assert workload.bytes_per_parameter == expected

    @pytest.mark.parametrize("name", ["size 1024", "tensors 10", "ResNet-50"])
    def test_scenarios_are_found(self, name: str) -> None:
        assert find_workload(name).size >= 1024

    def test_an_unknown_scenario_is_refused(self) -> None:
        with pytest.raises(ValueError, match="scenario: there is no 'size x'"):
            find_workload("size x")

    def test_numbers_are_ordinary(self) -> None:
        problem = Problem(Workload(((1_000,),), params="bfloat16"))
        values = np.abs(np.concatenate([problem.params[0], *(grads[0] for grads in problem.grads)]))
        assert values.min() > 1e-12
        assert (problem.params[0].view(np.uint32) & 0xFFFF == 0).all()  # bfloat16 can hold them

    @pytest.mark.parametrize("kind", list(SCENARIOS))
    def test_adamas_does_every_scenario(self, kind: str) -> None:
        """On small tensors; and the sum of a phase's parts is the phase."""
        scenario = SCENARIOS[kind]
        workload = Workload(SMALL.shapes, scenario.params, scenario.states, scenario.master, scenario.phase)
        problem = Problem(workload)
        run = Adamas().start(workload, problem.params, problem.grads, 1)
        for i in range(CHECK_STEPS):
            run.refresh(i % 2)
            run.step()
        error = update_error(problem, [np.asarray(run.param(i)) for i in problem.sampled()])
        assert error <= tolerance(workload)

    @pytest.mark.parametrize(("factor", "found"), [(1.0, False), (1.01, True)])
    def test_another_learning_rate_is_found_out(self, factor: float, found: bool) -> None:
        problem = Problem(SMALL)
        other = Workload(SMALL.shapes, lr=factor * SMALL.lr)
        run = PEERS["NumPy"].start(other, problem.params, problem.grads, 1)
        for i in range(CHECK_STEPS):
            run.refresh(i % 2)
            run.step()
        assert (update_error(problem, [run.param(i) for i in problem.sampled()]) > tolerance(SMALL)) == found

    def test_gradients_of_a_phase_are_scaled(self) -> None:
        plain, scaled = (Problem(Workload(((5_000,),), phase=phase)) for phase in (Phase(), WHOLE))
        size = [float(np.std(problem.grads[0][0])) for problem in (plain, scaled)]
        assert math.isclose(size[1] / size[0], LOSS_SCALE, rel_tol=0.1)


class Lazy(Peer):
    """Leaves the parameters as they are."""

    name = "lazy"
    distributions = ("numpy",)

    def start(self, workload: Workload, params: list[Any], grads: list[list[Any]], threads: int) -> Run:
        return Run(lambda: None, lambda _: None, lambda i: params[i])


class TestComparison:
    @pytest.mark.parametrize("workload", [SMALL, Workload(SMALL.shapes, phase=WHOLE)])
    def test_both_sides_are_timed(self, workload: Workload) -> None:
        peer = Adamas() if not workload.phase.is_update else PEERS["NumPy"]
        result = comparison.compare(peer, workload, 1, 0.01)
        assert set(result["seconds"]) == {"adamas", "peer", "limit"}
        assert all(value > 0.0 for value in (*result["seconds"].values(), *result["of_peer"], *result["of_limit"]))
        assert result["rounds"] >= 9

    def test_a_peer_that_does_something_else_is_named(self) -> None:
        with pytest.raises(ValueError, match=r"lazy computes something else: off by 1 of the update, 0.003 is allowed"):
            comparison.compare(Lazy(), SMALL, 1, 0.01)

    def test_jobs_run_in_a_process_of_their_own(self) -> None:
        jobs = [comparison.Job("NumPy", name, 1, 0.01) for name in ("1 tensor of 1,000", "no such", "size 2048")]
        results = [result for _, result in comparison.run_jobs(jobs)]
        assert results[0]["versions"] == {"numpy": np.__version__}
        assert results[1]["failed"].startswith("ValueError: scenario: there is no 'no such'")
        assert results[2]["size"] == 2048

    def test_a_process_that_dies_ends_one_job(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Its first child kills itself, the second is well."""
        script = tmp_path / "python"
        script.write_text(
            f'#!/bin/sh\nif mkdir "{tmp_path}/tried" 2>/dev/null; then echo ouch >&2; kill -9 $$; fi\n'
            f'exec "{sys.executable}" "$@"\n'
        )
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))
        jobs = [comparison.Job("NumPy", "size 1024", 1, 0.01)] * 2
        results = [result for _, result in comparison.run_jobs(jobs)]
        assert results[0]["failed"] == "its process ended with -9: ouch"
        assert results[1]["size"] == 1024

    def test_peers_say_what_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Lazy, "distributions", ("no-such-distribution",))
        with pytest.raises(ImportError, match="no-such-distribution is not installed"):
            Lazy().versions()

    def test_every_peer_has_a_scenario(self) -> None:
        for peer in PEERS.values():
            assert any(peer.can(workload) for workload in SCENARIOS.values()), peer.name


RULES = ["AdamW", "LAMB", "MARS", "Prodigy"]


@pytest.fixture(scope="module")
def rows() -> list[rules_and_formats.Row]:
    found = [row for size in (3_000, 1_000) for row in rules_and_formats.measure_rules(size, 1, 0.0, RULES)]
    return [*found, *rules_and_formats.measure_formats(3_000, 1, 0.0)]


class TestRulesAndFormats:
    def test_every_rule_of_the_library_is_there(self) -> None:
        import adamas

        named = {kind for kind, _ in rules_and_formats.RULES.values()}
        assert named | {"Adam"} == {name for name in adamas.optimizers.__all__ if name != "Optimizer"}

    def test_rows(self, rows: list[rules_and_formats.Row]) -> None:
        by_name = {row.name: row for row in rows if row.size == 3_000}
        assert by_name["AdamW"].bytes_per_parameter == 28.0
        assert by_name["LAMB"].bytes_per_parameter == 28.0 + 16.0
        assert by_name["MARS"].bytes_per_parameter == 36.0 + 12.0  # sums read one of its states
        assert by_name["Prodigy"].bytes_per_parameter == 36.0 + 16.0  # sums read s and p0, which no update touches
        assert set(by_name) == {*RULES, *rules_and_formats.FORMATS}
        assert all(row.of_limit[0] > 0.0 for row in rows)

    def test_pictures_and_tables(self, rows: list[rules_and_formats.Row], tmp_path: Path) -> None:
        comparisons = [
            {"peer": peer, "scenario": scenario, "of_peer": [0.01 * (i + 1), 0.0, 0.0]}
            for i, peer in enumerate(("one", "two"))
            for scenario in ("small", "large", "other")
        ]
        comparisons.append({"peer": "three", "scenario": "small", "failed": "it fell"})
        draw.draw_rules_and_formats(rows, 1, "title", tmp_path / "survey.png")
        draw.draw_comparisons(comparisons, "title", tmp_path / "peers.png")
        assert all(5_000 < (tmp_path / name).stat().st_size < 100_000 for name in ("survey.png", "peers.png"))
        assert report.rules_and_formats_table(rows).count("\n") == len(rules_and_formats.FORMATS) + len(RULES)
        assert report.comparison_table(comparisons).splitlines()[1].split() == ["one", "1/100", "1/100", "1/100"]
        assert "failed" in report.comparison_table(comparisons, markdown=True)

    def test_the_picture_shows_what_the_table_lists(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The step as it was measured, and the byte limit as it was measured with it; nothing derived."""
        row = rules_and_formats.Row("AdamW", "rule", 1_000_000, 28.0, 2e-3, (1.25, 1.0, 1.5))
        drawn: dict[str, list[float]] = {}
        monkeypatch.setattr(draw, "_draw_times", lambda axes, rows, places: _note_times(draw_times, axes, rows, drawn))
        draw.draw_rules_and_formats([row], 1, "title", tmp_path / "survey.png")
        assert drawn == {"byte limit": pytest.approx([1.6]), "a step of adamas": pytest.approx([2.0])}
        cells = report.rules_and_formats_table([row]).splitlines()[1].split()
        assert cells == ["AdamW", "28", "2.000", "1.600", "1.25"]

    @pytest.mark.parametrize(("limit", "counts"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
    def test_thread_counts(self, limit: int, counts: list[int]) -> None:
        assert thread_counts(limit) == counts


class TestCommand:
    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(command, "_SECONDS", {4_096: 0.0, 1_024: 0.0})
        monkeypatch.setattr(rules_and_formats, "_TURN_SECONDS", 1e-4)
        monkeypatch.setattr(command, "_BYTES_IN_MEMORY", 1 << 20)
        monkeypatch.setattr(command, "_SECONDS_OF_BANDWIDTH", 0.0)
        monkeypatch.setattr(command, "_SCENARIOS", ("1 tensor of 1,000",))

    def test_tables_pictures_and_json(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["bench", "--output", str(tmp_path / "out"), "--threads", "1"]) == 0
        printed = capsys.readouterr()
        assert printed.err.startswith("adamas bench:   1 %: the byte limit\n")
        assert "adamas bench: 100 %: NumPy, 1 tensor of 1,000\n" in printed.err
        assert "ScheduleFreeAdamW" in printed.out
        assert "NumPy" in printed.out
        assert "bench.png" in printed.err
        document = json.loads((tmp_path / "out" / "bench.json").read_text())
        assert len(document["rows"]) == 2 * (len(rules_and_formats.RULES) + len(rules_and_formats.FORMATS))
        assert document["duels"][0]["peer"] == "NumPy"

    def test_json_alone_on_standard_output(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["bench", "--json", "--output", str(tmp_path)]) == 0
        assert json.loads(capsys.readouterr().out)["machine"]["processors"] == len(os.sched_getaffinity(0))

    def test_wrong_threads(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["bench", "--threads", "-1", "--output", str(tmp_path / "out")]) == 1
        assert "--threads: expected 1 to" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()

    def test_absent_peers_are_listed(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        absent = {name: why for name, why in command.absent_peers(list(PEERS)).items() if name != "scikit-learn"}
        assert main(["bench", "--peers", "--output", str(tmp_path)]) == 0
        printed = capsys.readouterr().out
        assert all(f"{name}: left out, {why}" in printed for name, why in absent.items())


class TestProgress:
    def test_lines_every_few_seconds_where_no_terminal_is(self) -> None:
        stream, times = io.StringIO(), iter([0.0, 1.0, 4.9, 5.0, 9.0, 9.1])
        with Progress(6, "run", stream, lambda: next(times)) as progress:
            for part in "abcdef":
                progress.done(part)
        assert stream.getvalue() == "run  16 %: a\nrun  66 %: d\nrun 100 %: f\n"

    def test_one_line_on_a_terminal(self) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        stream = Terminal()
        with Progress(2, "run", stream) as progress:
            progress.done("a")
            progress.done("b")
        assert stream.getvalue() == "\r\033[Krun  50 %: a\r\033[Krun 100 %: b\r\033[K"


class TestStyle:
    def test_every_library_has_a_colour_and_marker_of_its_own(self) -> None:
        looks = {name: tuple(library_look(name).values()) for name in (*PEERS, "adamas")}
        assert len(set(looks.values())) == len(looks)
        assert library_look("no such library") not in [library_look(name) for name in looks]

    def test_series_of_a_panel_differ_in_grey(self) -> None:
        def lightness(color: str) -> float:
            red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
            return 0.299 * red + 0.587 * green + 0.114 * blue

        ordered = sorted(lightness(look["color"]) for look in SERIES)
        assert min(b - a for a, b in itertools.pairwise(ordered)) > 0.05
        assert len({look["marker"] for look in SERIES}) == len(SERIES)

    def test_libraries_come_in_one_order(self) -> None:
        assert in_order(["other", "NumPy", "torch, fused", "NumPy"]) == ["torch, fused", "NumPy", "other"]


class TestScripts:
    def test_curves_of_a_full_run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        curves = bench_module("curves", monkeypatch)
        found = [
            {
                "peer": peer,
                "scenario": f"size {size}",
                "size": size,
                "tensors": 1,
                "threads": threads,
                "seconds": {"adamas": 1e-9 * size / threads},
                "of_peer": [0.5],
                "of_limit": [1.1],
            }
            for peer in ("NumPy", "torch, fused")
            for size in (1_000, 10_000)
            for threads in (1, 2)
        ]
        memory = [{"peer": "NumPy", "size": 1_000, "bytes_per_parameter": 16.0}]
        curves.draw_sizes(found, "title", tmp_path / "sizes.png")
        curves.draw_tensors(found, "title", tmp_path / "tensors.png")
        curves.draw_scaling([*found, {"peer": "other", "failed": "it fell"}], "title", tmp_path / "scaling.png")
        curves.draw_memory(memory, "title", tmp_path / "memory.png")
        assert [path.stat().st_size > 5_000 for path in tmp_path.iterdir()] == [True] * 4

    def test_pictures_are_small(self) -> None:
        pictures = sorted((Path(__file__).parents[2] / "bench" / "results").glob("*.png"))
        assert len(pictures) > 5
        assert [path.name for path in pictures if path.stat().st_size >= 100_000] == []

    def test_the_gate_has_a_margin(self, monkeypatch: pytest.MonkeyPatch) -> None:
        gate = bench_module("gate", monkeypatch)
        measured = {"as ever": 1.0, "noisy": 2.2, "slow": 2.3, "new": 9.0}
        assert gate.slow({"as ever": 1.0, "noisy": 1.0, "slow": 1.0}, measured) == {"slow": 2.3}

    def test_the_gate_knows_all_rules_and_formats(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stored = json.loads(bench_module("gate", monkeypatch).STORED.read_text())
        names = {
            *(f"rule: {name}" for name in rules_and_formats.RULES),
            *(f"format: {name}" for name in rules_and_formats.FORMATS),
        }
        assert set(stored) == names

    def test_tables_are_those_of_the_results(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tables = bench_module("write_tables", monkeypatch)
        for page in tables.PAGES:
            text = page.read_text(encoding="utf-8")
            assert tables.rewritten(text) == text, f"{page}: run python bench/write_tables.py"

    def test_floors_of_all_formats(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        floors = bench_module("floors", monkeypatch)
        monkeypatch.setattr(floors, "IN_CACHE", 1_000)
        monkeypatch.setattr(floors, "IN_MEMORY", 2_000)
        monkeypatch.setattr(floors, "_TURN_SECONDS", 1e-5)
        before = adamas.active_isa()
        found = floors.measure(1, 0.0)
        assert adamas.active_isa() == before
        assert len(found) == 2 * len(adamas.available_isas()) * len(rules_and_formats.FORMATS)
        # Every format has its count: none is left out because it has another name there.
        counted = json.loads(floors._COUNTS.read_text())["isas"]
        for row in found:
            wanted = set(floors.FLOORS) if row.isa in counted else set(floors.FLOORS) - {"instructions"}
            assert set(row.floors) == wanted
            assert row.floors[row.binding] == max(row.floors.values()) > 0.0
        table = floors.floors_table(found)
        assert len(table.splitlines()) == 1 + len(rules_and_formats.FORMATS)
        assert floors.count() == len(found)
        floors.draw_floors(found, "title", tmp_path / "floors.png")
        assert (tmp_path / "floors.png").stat().st_size > 10_000
