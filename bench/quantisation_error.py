"""The error of updates with quantised states: adamas' int8 and int4 beside bitsandbytes and torchao.

The moments are recorded from two networks that train in float32. Each code stores them, and the update that comes of
what it kept, u = m/(sqrt(v) + eps), is compared with the exact one: the error is sum((u' - u)^2)/sum(u^2), the largest
is that of one element. "Ahead" is the same after one more step of both moments with a real gradient, which is what
training gets to see of a state. Peers leave tensors of fewer than 4,096 elements in float32, adamas does not; so those
are in a table of their own, without peers.

What makes the largest errors: a peer's second moment that became zero under a first that did not, so that eps is all
that is left to divide by; and in adamas, which keeps m/sqrt(v) instead of m, an element whose sqrt(v) is no more than
eps and comes back as more, so that eps damps it less.

It wants the files of Fashion-MNIST: ``pip install '.[low-precision]' && python bench/quantisation_error.py``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from low_precision_tasks import images, text
from quantised_states import Code, all_codes
from recorded_moments import BETAS, Record, record
from threadpoolctl import threadpool_limits

import adamas
from adamas.bench.tables import format_table
from adamas.demo.mlp import Array

EPS = 1e-8
#: Peers quantise tensors of at least so many elements.
LEAST = 4_096
#: Steps whose dither is averaged over, or searched for the largest error.
_DITHERS = 8


@dataclass(frozen=True)
class Score:
    """Errors of a code on some tensors."""

    code: str
    ours: bool
    bits: int
    error: float
    largest: float
    error_ahead: float
    largest_ahead: float
    bytes_per_element: float


FIELDS = {"error": "error", "largest": "largest", "error_ahead": "error ahead", "largest_ahead": "largest ahead"}


def update(m: Array, v: Array) -> Array:
    """Return the direction of a step, in double precision, so that nothing but the states is rounded."""
    direction: Array = m.astype(np.float64) / (np.sqrt(v.astype(np.float64)) + EPS)
    return direction


def ahead(m: Array, v: Array, grad: Array) -> tuple[Array, Array]:
    """Return both moments one step on."""
    wide = grad.astype(np.float64)
    return BETAS[0] * m + (1.0 - BETAS[0]) * wide, BETAS[1] * v + (1.0 - BETAS[1]) * wide * wide


def score(code: Code, records: Sequence[Record]) -> Score:
    """Store and load every tensor; errors are summed over all of them."""
    squares, largest, size, stored = np.zeros((2, 2)), np.zeros(2), 0, 0
    for item in records:
        m, v = item.exp_avg, item.exp_avg_sq
        exact = [update(m, v), update(*ahead(m, v, item.next_grad))]
        dithers = range(_DITHERS if code.ours else 1)
        for i in dithers:
            kept_m, kept_v, nbytes = code.keep(m, v, item.step + i)
            for j, found in enumerate([update(kept_m, kept_v), update(*ahead(kept_m, kept_v, item.next_grad))]):
                difference = found - exact[j]
                squares[j] += np.array([(difference**2).sum(), (exact[j] ** 2).sum()]) / len(dithers)
                largest[j] = np.maximum(largest[j], np.abs(difference).max())  # keeps NaN
        size += m.size
        stored += nbytes
    error, error_ahead = squares[:, 0] / squares[:, 1]
    return Score(
        code=code.name,
        ours=code.ours,
        bits=code.bits,
        error=float(error),
        largest=float(largest[0]),
        error_ahead=float(error_ahead),
        largest_ahead=float(largest[1]),
        bytes_per_element=stored / size,
    )


def rows_of(scores: Sequence[Score]) -> list[list[str]]:
    """Lay out the scores, and below them the ratios of adamas to the peers of as many bits."""
    rows = [["", *FIELDS.values(), "bytes"]]
    for item in scores:
        rows.append([item.code, *(f"{getattr(item, field):.2e}" for field in FIELDS), f"{item.bytes_per_element:.3f}"])
    for mine in scores:
        for peer in scores:
            if mine.ours and not peer.ours and peer.bits == mine.bits:
                ratios = (getattr(mine, field) / getattr(peer, field) for field in FIELDS)
                share = mine.bytes_per_element / peer.bytes_per_element
                rows.append([f"{mine.code} / {peer.code}", *(f"{ratio:.2g}" for ratio in ratios), f"{share:.3f}"])
    return rows


def main() -> int:
    """Record, quantise, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="threads of BLAS and adamas; default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="early moments alone, as a test of the program")
    parser.add_argument("--data-dir", type=Path, help="folder of the Fashion-MNIST idx files")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    if arguments.threads < 1:
        parser.error("--threads is at least 1")

    codes, missing = all_codes()
    steps = (20, 60) if arguments.quick else (300, 2_000)
    report: list[dict[str, object]] = []
    if missing and not arguments.json:
        print(f"Not installed, and so not measured: {', '.join(missing)}\n")
    with threadpool_limits(arguments.threads):
        for task in (images(arguments.data_dir), text()):
            for records in record(task, 0, steps):
                for large in (True, False):
                    chosen = [item for item in records if (item.exp_avg.size >= LEAST) == large]
                    scores = [score(code, chosen) for code in codes if large or code.ours]
                    kind = f"tensors of {LEAST:,} elements and more" if large else "smaller tensors"
                    title = f"{task.name}, after step {records[0].step:,}: {kind}"
                    report.append({"title": title, "scores": [vars(item) for item in scores]})
                    if not arguments.json:
                        print(f"{title}\n\n{format_table(rows_of(scores), arguments.markdown)}\n", flush=True)
    if arguments.json:
        print(json.dumps({"adamas": adamas.__version__, "missing": missing, "scores": report}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
