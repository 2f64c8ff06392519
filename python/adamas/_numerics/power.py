"""The bias correction ``1 - base**exponent``, computed with the same operations as ``cpp/src/math/power.cpp``."""


def _exact_product(a: float, b: float) -> tuple[float, float]:
    """Return the product of two doubles as an unevaluated sum of two (Dekker 1971), without fused multiply-add."""
    splitter = 134217729.0  # 2**27 + 1
    a_scaled = splitter * a
    a_high = a_scaled - (a_scaled - a)
    a_low = a - a_high
    b_scaled = splitter * b
    b_high = b_scaled - (b_scaled - b)
    b_low = b - b_high
    product = a * b
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _multiply(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    product, error = _exact_product(a[0], b[0])
    low = error + (a[0] * b[1] + a[1] * b[0])
    high = product + low
    return high, low - (high - product)


def one_minus_power(base: float, exponent: int) -> float:
    """Return ``1 - base**exponent`` to the last bits, for ``base`` in [0, 1) and ``exponent >= 1``.

    Repeated squaring in double-double arithmetic: the same on every machine, which ``base**exponent`` of a C library
    is not.
    """
    negligible = 1e-40
    power = (1.0, 0.0)
    square = (base, 0.0)
    while True:
        if exponent & 1:
            power = _multiply(power, square)
        exponent >>= 1
        if exponent == 0:
            return (1.0 - power[0]) - power[1]
        square = _multiply(square, square)
        if square[0] < negligible:
            return 1.0
