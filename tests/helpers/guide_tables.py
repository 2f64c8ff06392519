"""The tables of docs/guides that are computed: ``python tests/helpers/guide_tables.py --write`` brings them up to date.

What stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->`` is replaced. Bytes come from optimizers that are
made here, by the function that docs/guides/offload.md shows. Times and errors come from bench/results;
``python bench/training_table.py --json`` prints training.json.
"""

from __future__ import annotations

import argparse
import functools
import json
import re
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from page_blocks import python_blocks

import adamas
from adamas.bench.scenarios import SCENARIOS
from adamas.bench.tables import format_table, with_range

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "guides"
COMMAND = "python tests/helpers/guide_tables.py --write"

MODELS = {"1B": 1e9, "7B": 7e9, "13B": 13e9, "70B": 70e9}
STATE_DTYPES = ("float32", "bfloat16", "int8", "int4")
RULES: Mapping[str, Mapping[str, Any]] = {
    "AdamW": {},
    "Lion": {},
    "SGD": {"momentum": 0.9},
    "AdamMini": {},
    "Adafactor": {},
    "ScheduleFreeAdamW": {},
    "AdEMAMix": {},
    "Prodigy": {},
}
#: Parameters in host memory: their dtype, and options.
ON_HOST: list[tuple[str, Mapping[str, Any]]] = [
    ("float32", {}),
    ("float32", {"state_dtype": "bfloat16"}),
    ("float32", {"state_dtype": "int8"}),
    ("float32", {"state_dtype": "int4"}),
    ("bfloat16", {"master_weights": True}),
    ("bfloat16", {"master_weights": "split32"}),
    ("bfloat16", {"master_weights": "split32", "state_dtype": "int8"}),
    ("bfloat16", {"master_weights": "split24", "state_dtype": "int8"}),
    ("bfloat16", {"rounding": "kahan", "state_dtype": "int8"}),
    ("bfloat16", {"rounding": "stochastic", "state_dtype": "int8"}),
    ("bfloat16", {"rounding": "stochastic", "state_dtype": "int4"}),
]
#: What `adamas.torch.Offload` has on the host beside the states: master, gradient, rounded parameter.
BESIDE_STATES = 4 + 2 + 2


def blocks(page: Path) -> list[str]:
    """Return the Python blocks of a page."""
    return python_blocks(page.read_text(encoding="utf-8"))


@functools.cache
def _page() -> Mapping[str, Any]:
    """Return what docs/guides/offload.md defines."""
    page: dict[str, Any] = {}
    exec(compile(blocks(GUIDES / "offload.md")[0], "offload.md", "exec"), page)
    return page


@functools.cache
def kept_bytes(name: str, dtype: str = "float32", **options: Any) -> float:
    """Return what the function of that name in docs/guides/offload.md returns."""
    page = _page()
    dtypes = {"float32": page["np"].float32, "bfloat16": page["ml_dtypes"].bfloat16}
    return float(page["kept_bytes"](getattr(adamas, name), dtypes[dtype], **options))


def _results(name: str) -> Any:
    return json.loads((ROOT / "bench" / "results" / f"{name}.json").read_text(encoding="utf-8"))


def _number(value: float) -> str:
    return "0.00" if value < 0.005 else f"{value:.2f}".removesuffix(".00")


def _in_gb(size: float) -> list[str]:
    return [f"{size * parameters / 1e9:,.1f} GB" for parameters in MODELS.values()]


def _code(options: Mapping[str, Any]) -> str:
    return ", ".join(f'`{name}="{v}"`' if isinstance(v, str) else f"`{name}={v}`" for name, v in options.items())


def device() -> str:
    """Host memory under Offload."""
    lines = [["`state_dtype`", "states", "with master, gradient and copy", *MODELS]]
    for state_dtype in STATE_DTYPES:
        states = kept_bytes("AdamW", state_dtype=state_dtype)
        size = states + BESIDE_STATES
        lines.append([f'`"{state_dtype}"`', _number(states), _number(size), *_in_gb(size)])
    return format_table(lines, markdown=True)


def host() -> str:
    """Host memory where parameters are there too."""
    lines = [["parameters and options", "parameter", "kept", "sum, with gradient", *MODELS]]
    for dtype, options in ON_HOST:
        own = 4 if dtype == "float32" else 2
        kept = kept_bytes("AdamW", dtype, **options)
        size = own + kept + own
        name = f"{dtype}, {_code(options)}" if options else dtype
        lines.append([name, str(own), _number(kept), _number(size), *_in_gb(size)])
    return format_table(lines, markdown=True)


def answer() -> str:
    """Say what many ask."""
    parameters = MODELS["7B"] * 2
    kept = MODELS["7B"] * kept_bytes("AdamW", "bfloat16", master_weights="split24", state_dtype="int8")
    offloaded = MODELS["7B"] * (BESIDE_STATES + kept_bytes("AdamW", state_dtype="int8"))
    text = (
        f"**A 7B model in bfloat16 with `split24` and `int8` takes {(parameters + kept) / 1e9:.1f} GB of host memory** "
        f"(parameters, low bits, states), and {(2 * parameters + kept) / 1e9:.1f} GB with its bfloat16 gradients. A 7B "
        f"model on a GPU whose masters and `int8` states are offloaded takes {offloaded / 1e9:.1f} GB."
    )
    return textwrap.fill(text, 120, break_on_hyphens=False)


def rules() -> str:
    """Bytes of states by rule."""
    lines = [["", *(f'`"{state_dtype}"`' for state_dtype in STATE_DTYPES)]]
    for name, options in RULES.items():
        sizes = [kept_bytes(name, state_dtype=state_dtype, **options) for state_dtype in STATE_DTYPES]
        lines.append([f"`{name}`", *map(_number, sizes)])
    return format_table(lines, markdown=True)


def states() -> str:
    """Bytes of states, and the time of a step divided by that with float32."""
    names = dict(zip(STATE_DTYPES, ("float32", "bfloat16 states", "8-bit states", "4-bit states"), strict=True))
    seconds = {(row["name"], row["size"]): row["seconds"] for row in _results("rules")}
    lines = [["`state_dtype`", "bytes", "time, in memory", "time, in cache"]]
    for state_dtype, name in names.items():
        ratios = [seconds[name, size] / seconds["float32", size] for size in (64_000_000, 1_000_000)]
        text = f'`"{state_dtype}"`' + (" (default)" if state_dtype == "float32" else "")
        lines.append([text, _number(kept_bytes("AdamW", state_dtype=state_dtype)), *(f"{r:.2f}" for r in ratios)])
    return format_table(lines, markdown=True)


def training() -> str:
    """What training runs ended with."""
    runs: Mapping[str, list[Mapping[str, float]]] = _results("training")["tasks"][0]["rows"]
    lines = [["", "bytes", "held-out loss", "difference from float32", "accuracy, %"]]
    for name, results in runs.items():
        losses = [result["loss"] for result in results]
        differences = [loss - base["loss"] for loss, base in zip(losses, runs["float32"], strict=True)]
        lines.append(
            [
                name.removesuffix(" (!)"),
                f"{results[0]['bytes_per_parameter']:.2f}",
                with_range(losses, 3),
                f"{sum(differences) / len(differences):+.4f}",
                with_range([100.0 * result["accuracy"] for result in results], 1),
            ]
        )
    return format_table(lines, markdown=True)


def errors() -> str:
    """How far float32 parameters are off after some steps, by the format of states."""
    lines = [["states", "error"]]
    for state_dtype in STATE_DTYPES:
        found = [
            row["error"]["adamas"]
            for row in _results("scenarios")
            if "failed" not in row and _is_update(row["scenario"], state_dtype)
        ]
        lines.append([state_dtype, f"{max(found):.1e}"])
    return format_table(lines, markdown=True)


def _is_update(scenario: str, state_dtype: str) -> bool:
    workload = SCENARIOS[scenario]
    return workload.phase.is_update and workload.params == "float32" and workload.states == state_dtype


#: Every table by the page and the name in its markers.
TABLES: Mapping[tuple[str, str], Callable[[], str]] = {
    ("offload.md", "answer"): answer,
    ("offload.md", "device"): device,
    ("offload.md", "host"): host,
    ("offload.md", "rules"): rules,
    ("low_precision.md", "states"): states,
    ("low_precision.md", "training"): training,
    ("low_precision.md", "errors"): errors,
}


def with_table(text: str, name: str, table: str) -> str:
    """Return a page with a table in its place.

    Raises:
        ValueError: The page has not one place for it.
    """
    place = re.compile(f"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
    text, count = place.subn(lambda match: f"{match[1]}{table}\n{match[2]}", text)
    if count != 1:
        raise ValueError(f"{name}: {count} places, expected one")
    return text


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", required=True, help="replace the tables in the pages")
    parser.parse_args()
    for (page, name), make in TABLES.items():
        path = GUIDES / page
        path.write_text(with_table(path.read_text(encoding="utf-8"), name, make()), encoding="utf-8")


if __name__ == "__main__":
    main()
