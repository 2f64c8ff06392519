// Exponential, logarithm and power of real numbers, alike on every machine: those of C libraries differ in the last
// bit. Nothing but + - * / and exact scaling; good to a few ulp. adamas.reference does the same operations in the same
// order.
#pragma once

namespace adamas {

// exp(x); 0 far below, infinity above 709.
double exponential(double x) noexcept;

// ln(x), for x > 0, finite.
double logarithm(double x) noexcept;

// x^y for x >= 0, both finite; 0^0 is 1.
double real_power(double x, double y) noexcept;

}  // namespace adamas
