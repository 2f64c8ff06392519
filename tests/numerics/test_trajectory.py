"""Trajectories in float64 against the papers' rules, written out independently."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import CASES, Case

from adamas._numerics.power import one_minus_power


@pytest.mark.parametrize("case", CASES, ids=str)
def test_follows_the_paper(case: Case) -> None:
    rng = np.random.default_rng(11)
    params = [rng.standard_normal(1) for _ in range(5)]  # of one element each, whose norm is its size
    opt = case.compiled(params)
    starts = [float(p[0]) for p in params]
    if case.is_joint:
        papers = [case.paper(starts, opt.param_groups[0])]
    else:
        papers = [case.paper(start, opt.param_groups[0]) for start in starts]
    for paper in papers:
        next(paper)
    for _ in range(200):
        grads = [rng.standard_normal(1) for _ in params]
        opt.step(grads)
        given = [float(g[0]) for g in grads]
        if case.is_joint:
            wanted = papers[0].send(given)
        else:
            wanted = [paper.send(g) for paper, g in zip(papers, given, strict=True)]
        np.testing.assert_allclose(np.concatenate(params), wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_first_step_has_the_size_of_lr(dtype: Any) -> None:
    """Kingma and Ba, section 2.1: the first step is lr in size, whatever the gradient's scale."""
    params = np.zeros(3, dtype)
    case = Case("Adam", None, {"lr": 0.25, "eps": 0.0})
    case.compiled([params]).step([np.array([1e-3, -20.0, 7.0], dtype)])
    np.testing.assert_allclose(params, [-0.25, 0.25, -0.25], rtol=3e-7)


@pytest.mark.parametrize("exponent", [1, 2, 3, 100, 12345, 10**7, 2**33])
@pytest.mark.parametrize("base", [0.0, 0.5, 0.9, 0.999, 1 - 1e-7, 1 - 2**-40, 1 - 2**-53])
def test_bias_correction_is_accurate(base: float, exponent: int) -> None:
    """1 - base**exponent within an ulp or two, against rational arithmetic where that is feasible, else logarithms."""
    from decimal import Decimal, localcontext

    with localcontext() as context:
        context.prec = 60
        exact = 1 - Decimal(base) ** exponent
    assert abs(Decimal(one_minus_power(base, exponent)) - exact) <= Decimal(2.0**-52) * exact
