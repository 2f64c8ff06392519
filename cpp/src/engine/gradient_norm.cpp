#include "engine/gradient_norm.hpp"

#include <algorithm>
#include <cmath>

namespace adamas {
namespace {

// Squares of float64 may be too large, though the numbers are not: then they are multiplied by this first.
constexpr double kTiny = 0x1p-600;

double sum_up(const double* sums, std::size_t size) {
  double total = 0.0;
  for (std::size_t k = 0; k * kGranule < size; ++k) total += sums[k];
  return total;
}

// The sum of squares of an item's scaled gradient times kTiny; the item computes with float64. (Rarely needed: on one
// thread.)
double tiny_sum(const Pass& pass, std::size_t i) {
  const Item& item = pass.items[i];
  double total = 0.0;
  for (std::size_t begin = 0; begin < item.tensor.size; begin += kGranule) {
    const std::size_t count = std::min(kGranule, item.tensor.size - begin);
    double scaled[kGranule];
    if (item.grad_dtype == DType::kFloat64) {
      std::copy_n(static_cast<const double*>(pass.grads[i]) + begin, count, scaled);
    } else {
      pass.kernels->widen(item.grad_dtype, pass.grads[i], begin, begin + count, scaled);
    }
    for (std::size_t k = 0; k < count; ++k) scaled[k] *= pass.grad_scale;
    double sum = 0.0;
    pass.kernels->squares64(DType::kFloat64, scaled, 0, count, kTiny, &sum);
    total += sum;
  }
  return total;
}

}  // namespace

GradientNorm gradient_norm(const Pass& pass) {
  double total = 0.0;
  GradientNorm result{0.0, kNoTensor};
  for (std::size_t i = 0; i < pass.items.size(); ++i) {
    const Item& item = pass.items[i];
    if (pass.grads[i] == nullptr) continue;
    const double sum = sum_up(pass.gradient_sums + item.first_granule, item.tensor.size);
    total += sum;
    if (std::isfinite(sum) || result.nonfinite != kNoTensor) continue;
    if (!is_wide(item.tensor) || !std::isfinite(tiny_sum(pass, i))) result.nonfinite = i;
  }
  result.norm = std::sqrt(total);
  if (result.nonfinite != kNoTensor || std::isfinite(total)) return result;

  double tiny = 0.0;  // in which the squares of float32 vanish
  for (std::size_t i = 0; i < pass.items.size(); ++i) {
    if (pass.grads[i] != nullptr && is_wide(pass.items[i].tensor)) tiny += tiny_sum(pass, i);
  }
  result.norm = std::sqrt(tiny) / kTiny;
  return result;
}

}  // namespace adamas
