#include "engine/row_history.hpp"

#include <cmath>

#include "engine/elementary.hpp"
#include "rules/adam_coefficients.hpp"

namespace adamas {
namespace {

constexpr double kNegligible = 0x1p-32;
constexpr double kAccuracy = 0x1p-27;
constexpr double kLogOfZero = -1e9;  // whose exponential is zero, and so is that of any number of them

double log_of(double factor) { return factor == 1.0 ? 0.0 : factor == 0.0 ? kLogOfZero : logarithm(factor); }

double product(double log_sum) { return log_sum == 0.0 ? 1.0 : exponential(log_sum); }

}  // namespace

void RowHistory::restart(std::int64_t step) {
  first_ = step;
  records_.assign(1, Record{});
}

void RowHistory::add(const Coefficients& c) {
  const Record& last = records_.back();
  const double beta1 = c.rule[adam::kBeta1];
  const double beta2 = c.rule[adam::kBeta2];
  const Record added{c.rule[adam::kStepSize],
                     c.rule[adam::kInverseSqrtBias2],
                     c.rule[adam::kEps],
                     beta1,
                     std::sqrt(beta2),
                     1.0 / c.decay,
                     last.log_beta1 + log_of(beta1),
                     last.log_beta2 + log_of(beta2),
                     last.log_decay + log_of(c.decay)};
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
  sum.eps = end.eps;
  sum.scale = 1.0;

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
  double inverse = 0.0;
  double remainder = 0.0;
  for_each_step([&](double weight, double scale, double eps) {
    if (eps != end.eps) {  // a quotient of the same value, with the last step's eps
      const double ratio = end.eps / eps;
      weight = weight * ratio;
      scale = scale * ratio;
    }
    if (inverse == 0.0) {
      sum.scale = scale;
      inverse = 1.0 / scale;
    }
    const double distance = (scale - sum.scale) * inverse;
    for (double& moment : sum.moments) {
      moment = moment + weight;
      weight = weight * distance;
    }
    remainder = remainder + std::fabs(weight);
  });
  out->steps.clear();
  if (remainder <= sum.moments[0] * kAccuracy) return;
  for_each_step([&](double weight, double scale, double eps) {
    out->steps.push_back({static_cast<float>(weight), static_cast<float>(scale), static_cast<float>(eps)});
  });
  sum.steps = out->steps.data();
  sum.step_count = out->steps.size();
}

}  // namespace adamas
