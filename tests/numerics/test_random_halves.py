"""The random bits of stochastic rounding: 16 for each element, two elements to a word."""

from __future__ import annotations

import numpy as np
import pytest

from adamas._numerics.dither import random_halves
from adamas._types import Array

SIZE = 1 << 20
#: A mean of SIZE independent numbers of variance 1 is within this except for one case in 500 million.
MOST = 6.0 / np.sqrt(SIZE)


def drawn(seed: int = 1, step: int = 1, parameter: int = 0, first: int = 0) -> Array:
    """Return bits as numbers of mean 0 and variance 1."""
    halves = random_halves(SIZE, seed, step, parameter, first).astype(np.float64)
    numbers: Array = (halves + 0.5 - 32768.0) / (65536.0 / np.sqrt(12.0))
    return numbers


@pytest.mark.parametrize("first", [0, 1, 2**33 - 7])
def test_even(first: int) -> None:
    x = drawn(first=first)
    assert abs(x.mean()) < MOST
    assert abs((x * x).mean() - 1.0) < MOST
    halves = random_halves(SIZE, 1, 1, 0, first)
    assert halves.max() < 65536
    for bit in range(16):
        assert abs(2.0 * ((halves >> bit) & 1).mean() - 1.0) < MOST


@pytest.mark.parametrize("parity", [0, 1])
def test_each_half_is_even(parity: int) -> None:
    x = drawn()[parity::2]
    assert abs(x.mean()) < MOST * np.sqrt(2.0)


@pytest.mark.parametrize("lag", [1, 2, 3, 8, 16, 32, 128])
@pytest.mark.parametrize("parity", [0, 1])
def test_elements_do_not_know_of_one_another(lag: int, parity: int) -> None:
    """The two that share a word (parity 0, lag 1) among them."""
    x = drawn()
    pairs = x[:-lag][parity::2] * x[lag:][parity::2]
    assert abs(pairs.mean()) < 6.0 / np.sqrt(pairs.size)


def test_steps_parameters_and_seeds_do_not_know_of_one_another() -> None:
    x = drawn()
    for other in (drawn(step=2), drawn(parameter=1), drawn(seed=2), np.roll(drawn(step=2), 1)):
        assert abs((x * other).mean()) < MOST


def test_both_elements_of_a_word_round_up_as_often_as_they_should() -> None:
    """Jointly: of pairs that each round up with chance 1/4, one in 16 does so twice."""
    up = random_halves(SIZE, 3, 7, 2) >= 65536 * 3 // 4
    both = (up[::2] & up[1::2]).mean()
    assert abs(both - 1.0 / 16.0) < 6.0 * np.sqrt(1.0 / 16.0 * 15.0 / 16.0 / (SIZE / 2))


def test_an_element_keeps_its_bits_wherever_the_array_begins() -> None:
    whole = random_halves(1000, 5, 6, 7)
    for first in (0, 1, 2, 511):
        assert np.array_equal(random_halves(200, 5, 6, 7, first), whole[first : first + 200])
