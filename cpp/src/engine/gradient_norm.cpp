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

bool has_wide_gradient(const Item& item) { return item.has_gradient() && item.is_wide(); }

double tiny_sum(const Item& item, const std::vector<double>& tiny) {
  double total = 0.0;
  for (std::size_t k = 0; k < granules_of(item); ++k) total += tiny[item.first_granule + k];
  return total;
}

}  // namespace

void take_tiny_squares(const Pass& pass, const Items& items, double* tiny) {
  constexpr double kUnlimited = std::numeric_limits<double>::infinity();
  for (std::size_t i = items.first; i < items.last; ++i) {
    const Item& item = items.all[i];
    if (!has_wide_gradient(item)) continue;
    const GradientKernels& kernels = gradient_kernels(*pass.kernels, item);
    double* granule = tiny + item.first_granule + item.parameter.shard_begin / kGranule;
    for_each_gradient(pass, item, [&](const void* gradient, std::size_t size) {
      for (std::size_t k = 0; k < size; k += kGranule) {
        double scaled[kGranule];
        const std::size_t end = std::min(size, k + kGranule);
        kernels.prepare(DType::kFloat64, gradient, {}, k, end, 1.0 / pass.options->grad_scale, kUnlimited, scaled);
        kernels.squares(DType::kFloat64, scaled, 0, end - k, kTiny, granule++);
      }
    });
  }
}

GradientNorm gradient_norm(const Pass& pass, const Items& items, const std::vector<double>& tiny) {
  const bool squared = pass.options->norm_type == NormType::kL2;
  double total = 0.0;
  bool any_wide = false;
  GradientNorm result{0.0, kNoParameter, false};
  for (std::size_t i = items.first; i < items.last; ++i) {
    Item& item = items.all[i];
    if (!item.has_gradient()) continue;
    const double measure = measure_of(pass, item);
    total = combined(total, measure, pass.options->norm_type);
    item.norm = squared ? std::sqrt(measure) : measure;
    any_wide = any_wide || item.is_wide();
    if (std::isfinite(measure)) continue;
    const double smaller = item.is_wide() && !tiny.empty() ? tiny_sum(item, tiny) : measure;
    if (std::isfinite(smaller)) {
      item.norm = std::sqrt(smaller) / kTiny;
    } else if (result.nonfinite == kNoParameter) {
      result.nonfinite = i;
    }
  }
  result.norm = squared ? std::sqrt(total) : total;
  result.needs_tiny = squared && any_wide && tiny.empty() && !std::isfinite(total);
  if (result.nonfinite != kNoParameter || std::isfinite(total) || tiny.empty()) return result;
  double tiny_total = 0.0;  // in which the squares of float32 vanish
  for (std::size_t i = items.first; i < items.last; ++i) {
    if (has_wide_gradient(items.all[i])) tiny_total += tiny_sum(items.all[i], tiny);
  }
  result.norm = std::sqrt(tiny_total) / kTiny;
  return result;
}

}  // namespace adamas
