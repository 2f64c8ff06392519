// A step without a gradient, of a rule in which many of them have a closed form (engine/sparse/row_history.hpp).
#pragma once

namespace adamas {

// After decay:
//
//   m <- beta1*m
//   v <- beta2*v
//   p <- p - step_size * m / (sqrt(v) * inverse_sqrt_bias2 + eps)
struct IdleStep {
  double beta1;
  double beta2;
  double inverse_sqrt_bias2;
  double eps;
  double step_size;
};

}  // namespace adamas
