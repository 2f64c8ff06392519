// 1 - base^exponent, the bias correction, to the last bits of a double and alike on every machine.
#pragma once

#include <cstdint>

namespace adamas {

// base in [0, 1), exponent >= 1. The power is taken in double-double arithmetic by repeated squaring, with nothing but
// + - *: std::pow differs between C libraries, and plain repeated multiplication loses a bit per doubling of exponent.
// adamas.reference does the same operations in the same order.
double one_minus_power(double base, std::int64_t exponent) noexcept;

}  // namespace adamas
