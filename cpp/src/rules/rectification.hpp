// The rectification of RAdam: Liu et al. 2020, "On the Variance of the Adaptive Learning Rate and Beyond" (arXiv
// 1908.03265), Algorithm 2.
//
//   rho <- rho_inf - 2*t*b2^t/(1-b2^t),  rho_inf = 2/(1-b2) - 1
//   r = sqrt((rho-4)*(rho-2)*rho_inf / ((rho_inf-4)*(rho_inf-2)*rho)), known where rho > least
#pragma once

#include <cmath>
#include <cstdint>

namespace adamas {
namespace {

struct Rectification {
  bool known;
  double factor;  // 1 where it is not known
};

// bias2: 1-b2^t. least: at least 4.
inline Rectification rectification(double beta2, double bias2, std::int64_t step, double least) {
  const double rho_inf = 2.0 / (1.0 - beta2) - 1.0;
  const double rho = rho_inf - 2.0 * static_cast<double>(step) * (1.0 - bias2) / bias2;
  if (!(rho > least)) return {false, 1.0};
  return {true, std::sqrt((rho - 4.0) * (rho - 2.0) * rho_inf / ((rho_inf - 4.0) * (rho_inf - 2.0) * rho))};
}

}  // namespace
}  // namespace adamas
