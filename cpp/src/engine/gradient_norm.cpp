#include "engine/gradient_norm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace adamas {
namespace {

// Squares of float64 may be too large, though the numbers are not: then they are multiplied by this first.
constexpr double kTiny = 0x1p-600;

// Sums of squares are added; of magnitudes the largest counts, and NaN more than any.
double combined(double a, double b, NormType type) {
  if (type == NormType::kL2) return a + b;
  return std::isnan(a) || a > b ? a : b;
}

double measure_of(const Pass& pass, const Item& item) {
  const double* measures = pass.measures + item.first_granule;
  double total = 0.0;
  for (std::size_t k = 0; k < granules_of(item); ++k) total = combined(total, measures[k], pass.options->norm_type);
  return total;
}

// The sum of squares of an item's scaled gradient times kTiny; the item computes with float64. (Rarely needed: on one
// thread.)
double tiny_sum(const Pass& pass, const Item& item) {
  constexpr double kUnlimited = std::numeric_limits<double>::infinity();
  const GradientKernels& kernels = gradient_kernels(*pass.kernels, item);
  double total = 0.0;
  for_each_gradient(pass, item, [&](const void* gradient, std::size_t size) {
    for (std::size_t i = 0; i < size; i += kGranule) {
      double scaled[kGranule];
      const std::size_t end = std::min(size, i + kGranule);
      kernels.prepare(DType::kFloat64, gradient, {}, i, end, 1.0 / pass.options->grad_scale, kUnlimited, scaled);
      double sum = 0.0;
      kernels.squares(DType::kFloat64, scaled, 0, end - i, kTiny, &sum);
      total += sum;
    }
  });
  return total;
}

}  // namespace

GradientNorm gradient_norm(const Pass& pass, const Items& items) {
  const bool squared = pass.options->norm_type == NormType::kL2;
  double total = 0.0;
  double tiny = 0.0;  // in which the squares of float32 vanish
  GradientNorm result{0.0, kNoParameter};
  for (std::size_t i = items.first; i < items.last; ++i) {
    Item& item = items.all[i];
    if (!item.has_gradient()) continue;
    const double measure = measure_of(pass, item);
    total = combined(total, measure, pass.options->norm_type);
    item.norm = squared ? std::sqrt(measure) : measure;
    if (std::isfinite(measure)) continue;
    const double smaller = squared && item.is_wide() ? tiny_sum(pass, item) : measure;
    if (std::isfinite(smaller)) {
      item.norm = std::sqrt(smaller) / kTiny;
    } else if (result.nonfinite == kNoParameter) {
      result.nonfinite = i;
    }
  }
  result.norm = squared ? std::sqrt(total) : total;
  if (result.nonfinite != kNoParameter || std::isfinite(total)) return result;
  for (std::size_t i = items.first; i < items.last; ++i) {
    if (items.all[i].has_gradient() && items.all[i].is_wide()) tiny += tiny_sum(pass, items.all[i]);
  }
  result.norm = std::sqrt(tiny) / kTiny;
  return result;
}

}  // namespace adamas
