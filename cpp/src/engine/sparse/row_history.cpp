#include "engine/sparse/row_history.hpp"

#include <cmath>
#include <limits>

#include "math/elementary.hpp"

namespace adamas {
namespace {

constexpr double kNegligible = 0x1p-32;
constexpr double kAccuracy = 0x1p-27;
constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kLogOfZero = -1e9;  // whose exponential is zero, and so is that of any number of them

double log_of(double factor) { return factor == 1.0 ? 0.0 : factor == 0.0 ? kLogOfZero : logarithm(factor); }

double product(double log_sum) { return log_sum == 0.0 ? 1.0 : exponential(log_sum); }

}  // namespace

void RowHistory::restart(std::int64_t step) {
  first_ = step;
  records_.assign(1, Record{});
}

void RowHistory::make_room() {
  if (records_.size() == records_.capacity()) records_.reserve(2 * records_.size());
}

void RowHistory::add(const IdleStep& step, double decay) {
  const Record& last = records_.back();
  const Record added{step.step_size,
                     step.inverse_sqrt_bias2,
                     step.eps,
                     step.beta1,
                     std::sqrt(step.beta2),
                     1.0 / decay,
                     last.log_beta1 + log_of(step.beta1),
                     last.log_beta2 + log_of(step.beta2),
                     last.log_decay + log_of(decay)};
  records_.push_back(added);
}

void RowHistory::find(std::int64_t from, std::int64_t to, Missed* out) const {
  const Record& start = at(from);
  const Record& end = at(to);
  CatchUp& sum = out->sum;
  sum = CatchUp{};
  sum.keep = product(end.log_decay - start.log_decay);
  sum.momentum = product(end.log_beta1 - start.log_beta1);
  sum.second = product(end.log_beta2 - start.log_beta2);

  // Calls visit(weight, scale, eps) for each step that counts.
  const auto for_each_step = [&](auto visit) {
    double fall = sum.keep;  // B1(from, j) * D(j, to)
    double beta1 = 1.0;
    double root = 1.0;
    for (std::int64_t j = from + 1; j <= to; ++j) {
      const Record& record = at(j);
      beta1 = beta1 * record.beta1;
      if (beta1 < kNegligible) break;
      fall = fall * (record.beta1 * record.inverse_decay);
      root = root * record.root_beta2;
      visit(record.step_size * fall, record.inverse_root * root, record.eps);
    }
  };
  bool first = true;
  double remainder = 0.0;
  for_each_step([&](double weight, double scale, double eps) {
    const double threshold = eps / scale;
    if (first) sum.threshold = threshold;
    first = false;
    const double distance = threshold == sum.threshold ? 0.0 : (threshold - sum.threshold) / sum.threshold;
    double moment = weight / scale;
    for (double& total : sum.moments) {
      total = total + moment;
      moment = moment * distance;
    }
    remainder = remainder + std::fabs(moment);
  });
  out->steps.clear();
  const double allowed = sum.moments[0] * kAccuracy;
  if (remainder <= allowed) return;

  // The remainder is so much smaller for small r = h / (sqrt(v) + h).
  sum.least_square = kInfinite;
  if (const double share = allowed / remainder; share > 0.0) {
    const double r = exponential(logarithm(share) / kCatchUpMoments);
    const double least = sum.threshold * (1.0 / r - 1.0);
    sum.least_square = least * least;
  }
  for_each_step([&](double weight, double scale, double eps) {
    out->steps.push_back({static_cast<float>(weight), static_cast<float>(scale), static_cast<float>(eps)});
  });
  sum.steps = out->steps.data();
  sum.step_count = out->steps.size();
}

}  // namespace adamas
