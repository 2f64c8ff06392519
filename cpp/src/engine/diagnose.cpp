// Diagnosis of a refused call: which parameter, which of its arrays, which group. Steps keep no record of it; on
// request, the checks are repeated on fewer parameters.
#include <algorithm>
#include <vector>

#include "engine/coefficients.hpp"
#include "engine/float_mode.hpp"
#include "engine/parameter.hpp"
#include "engine/plan_impl.hpp"

namespace adamas {
namespace {

struct NamedArray {
  Extent extent;
  std::size_t parameter;
  const char* name;
};

// `check(n)` checks the first n parameters. With the parameter that is the reason among them it gives `status`, as it
// does for all `count`; with fewer it does not. Returns the index of that parameter.
template <class Check>
std::size_t first_refused(std::size_t count, Status status, Check check) {
  std::size_t accepted = 0;
  while (count - accepted > 1) {
    const std::size_t middle = accepted + (count - accepted) / 2;
    (check(middle) == status ? count : accepted) = middle;
  }
  return accepted;
}

// Puts the first two arrays that share memory, by address, into the problem; the parameter with the lower index first.
void report_overlap(std::vector<NamedArray>& arrays, Problem* problem) {
  std::stable_sort(arrays.begin(), arrays.end(),
                   [](const NamedArray& a, const NamedArray& b) { return a.extent.begin < b.extent.begin; });
  const auto overlap = [](const NamedArray& a, const NamedArray& b) { return b.extent.begin < a.extent.end; };
  const auto found = std::adjacent_find(arrays.begin(), arrays.end(), overlap);
  if (found == arrays.end()) return;
  const bool in_order = found->parameter <= found[1].parameter;
  const NamedArray& first = found[in_order ? 0 : 1];
  const NamedArray& second = found[in_order ? 1 : 0];
  problem->parameter = first.parameter;
  problem->array = first.name;
  problem->other = second.parameter;
  problem->other_array = second.name;
}

}  // namespace

// All that a step of these gradients reads or writes; they have been accepted except for overlaps.
void Plan::Impl::find_overlap(Problem* problem) const {
  std::vector<NamedArray> arrays;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Item& item = items[i];
    const auto add = [&](const char* name, const void* array, std::size_t bytes) {
      if (bytes > 0) arrays.push_back({extent(array, bytes), i, name});
    };
    for_each_array(parameter(i), [&](const char* name, const void* array, std::size_t bytes, std::size_t) {
      add(name, array, bytes);
      return Status::kOk;
    });
    for (int slot = 0; item.sums && slot < kSlots; ++slot) {
      if (void* const memory = item.sums->memory(slot); memory != nullptr) {
        add("accumulator", memory, item.parameter.size * size_of(item.compute_dtype()));
      }
    }
    if (item.grad == nullptr) continue;
    const std::size_t elements = item.rows ? item.rows->given * item.parameter.columns : item.parameter.size;
    add("gradient", item.grad, elements * size_of(item.grad_dtype));
  }
  report_overlap(arrays, problem);
}

Problem Plan::Impl::diagnose(const StepInputs& inputs) {
  Problem problem;
  problem.status = check_inputs(inputs);
  if (problem.status != Status::kOk) {
    if (problem.status == Status::kInvalidHyperparameter) {
      const auto* const end = inputs.groups + inputs.group_count;
      const auto* const group = std::find_if_not(inputs.groups, end, has_valid_common);
      problem.group = static_cast<std::size_t>(group - inputs.groups);
    }
    return problem;
  }
  problem.status = check(inputs);
  StepInputs plain = inputs;
  plain.options = nullptr;
  // If default options change the result, the options are the reason.
  if (problem.status == Status::kOk || check(plain) != problem.status) return problem;
  const auto accept = [&](std::size_t count) {
    return accept_gradients(range(0, count), inputs.grads, inputs.grad_dtypes, inputs.row_grads);
  };
  if (accept(items.size()) == problem.status) {
    if (problem.status == Status::kOverlap) {
      find_overlap(&problem);
    } else {
      problem.parameter = first_refused(items.size(), problem.status, accept);
      problem.array = "gradient";
    }
    return problem;
  }
  const Groups groups{inputs.groups, inputs.group_count == 1};
  const auto prepare_first = [&](std::size_t count) { return prepare(range(0, count), groups); };
  problem.parameter = first_refused(items.size(), problem.status, prepare_first);
  if (problem.status == Status::kInvalidHyperparameter) problem.group = items[problem.parameter].parameter.group;
  return problem;
}

Problem Plan::diagnose(const StepInputs& inputs) noexcept try {
  if (size() == 0) return {};
  const FloatMode mode;
  return impl_->diagnose(inputs);
} catch (...) {
  Problem problem;
  problem.status = Status::kOutOfMemory;
  return problem;
}

Problem diagnose(const Parameter& parameter) noexcept {
  Problem problem;
  problem.status = check_parameter(parameter);
  if (problem.status == Status::kOk || problem.status == Status::kInvalidParameter) return problem;
  for_each_array(parameter, [&](const char* name, const void* array, std::size_t bytes, std::size_t alignment) {
    const Status status = check_array(array, bytes, alignment);
    if (status != Status::kOk) problem.array = name;
    return status;
  });
  return problem;
}

}  // namespace adamas
