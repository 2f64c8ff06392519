// The steps that rows of a matrix have missed, in closed form.
//
// A row without a gradient still moves under Adam: its moments decay, and what is left of the first one moves it on.
// From step s, after which a row is known, to step t,
//
//   m_t = m_s * B1(s,t),   v_t = v_s * B2(s,t),
//   p_t = p_s * D(s,t) - m_s * sum over j = s+1..t of weight_j / (sqrt(v_s) * scale_j + eps_j)
//   weight_j = a_j * B1(s,j) * D(j,t),   scale_j = k_j * sqrt(B2(s,j))
//
// where B1, B2 and D are the products of beta1, beta2 and 1 - lr * weight_decay over the steps after the first argument
// up to the second, a_j = lr / (1 - beta1^j) and k_j = 1 / sqrt(1 - beta2^j). Each term is
//
//   (weight_j / scale_j) / (sqrt(v_s) + h_j),   h_j = eps_j / scale_j
//
// and is expanded in (h_j - h) / (sqrt(v_s) + h), where h, the threshold, is the first h_j. Weights fall off with
// beta1^(j-s), while scales hardly change meanwhile, and mostly sqrt(v_s) is far above the threshold anyway: six terms
// are good to 2^-27 of the sum; where they may not be, in the first steps of all for elements near the threshold, it is
// summed step by step. Steps whose weight has fallen below 2^-32 of the first are left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/table.hpp"
#include "rules/idle_step.hpp"

namespace adamas {

class RowHistory {
 public:
  // Forgets all steps; `step` have been taken.
  void restart(std::int64_t step);

  // After this, one add() cannot fail.
  void make_room();

  // A step, which first multiplies parameters by `decay`, more than 0.
  void add(const IdleStep& step, double decay);

  // Rows may come from steps first() to last().
  std::int64_t first() const { return first_; }
  std::int64_t last() const { return first_ + static_cast<std::int64_t>(records_.size()) - 1; }

  // What takes a row from step `from` to step `to`, after it.
  struct Missed {
    CatchUp sum;
    std::vector<CatchUpStep> steps;  // what sum.steps points to
  };
  void find(std::int64_t from, std::int64_t to, Missed* out) const;

 private:
  // What one step does; the sums are over all steps up to this one.
  struct Record {
    double step_size;
    double inverse_root;
    double eps;
    double beta1;
    double root_beta2;
    double inverse_decay;
    double log_beta1;
    double log_beta2;
    double log_decay;
  };

  const Record& at(std::int64_t step) const { return records_[static_cast<std::size_t>(step - first_)]; }

  std::int64_t first_ = 0;
  std::vector<Record> records_{Record{}};  // of first_, of which only the sums count, first_ + 1, ...
};

}  // namespace adamas
