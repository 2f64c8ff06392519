// What a step does for parameters whose gradients may be of single rows, before and after it: rows are accepted, get
// their coefficients, and are brought to the last step.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <unordered_map>

#include "engine/isa.hpp"
#include "engine/plan_impl.hpp"
#include "engine/sparse/sparse_update.hpp"

namespace adamas {
namespace {

constexpr std::uint32_t kLastRowCount = std::numeric_limits<std::uint32_t>::max();

Status check_rows(const RowGradient& gradient) {
  return check_array(gradient.rows, gradient.count, gradient.rows_are_64 ? 8 : 4);
}

}  // namespace

Status Plan::Impl::accept_rows(Item& item, const RowGradient& gradient) {
  if (!item.rows || gradient.count >= RowSet::kNone) return Status::kInvalidParameter;
  if (static_cast<int>(gradient.dtype) >= kDTypeCount) return Status::kInvalidParameter;
  const std::size_t columns = item.parameter.columns;
  Status status = check_array(gradient.values, gradient.count * columns, size_of(gradient.dtype));
  if (status == Status::kOk) status = check_rows(gradient);
  if (status != Status::kOk) return status;
  if (!item.rows->set.assign(gradient)) return Status::kInvalidParameter;
  item.rows->given = gradient.count;
  item.grad = gradient.count > 0 ? gradient.values : item.parameter.param;  // without rows, nobody looks at it
  item.grad_dtype = gradient.dtype;
  item.extent = item.rows->set.uses().size() * columns;
  return Status::kOk;
}

// StepCoefficients for the rows of an item: of one step, or, where each row counts its own, once for each count.
Status Plan::Impl::prepare_rows(Item& item, const Hyperparameters& group) {
  std::vector<RowSet::Use>& uses = item.rows->set.uses();
  const bool exact = item.is_exact();
  if (group.cautious) return Status::kInvalidHyperparameter;  // the mask is one of the whole parameter
  if (exact && item.step_count >= kLastRowCount) return Status::kInvalidParameter;
  if (exact || uses.empty()) {
    const auto index = static_cast<std::uint32_t>(coefficients.size());
    if (const Status status = add_coefficients(item, group, item.step_count + 1); status != Status::kOk) return status;
    const StepCoefficients& c = coefficients.back();
    const bool closed_form = c.decay_mode == Decay::kDecoupled && c.decay > 0.0;
    for (RowSet::Use& use : uses) use.coefficients = index;
    return !exact || closed_form ? Status::kOk : Status::kInvalidHyperparameter;
  }
  constexpr std::size_t kRecent = 64;  // counts that need no search
  std::uint32_t recent_counts[kRecent];
  std::uint32_t recent[kRecent];
  std::fill(std::begin(recent), std::end(recent), RowSet::kNone);
  std::unordered_map<std::uint32_t, std::uint32_t> known;
  for (RowSet::Use& use : uses) {
    const std::uint32_t count = item.parameter.row_counts[use.row];
    if (count == kLastRowCount) return Status::kInvalidParameter;
    const std::size_t place = count % kRecent;
    if (recent[place] == RowSet::kNone || recent_counts[place] != count) {
      const auto [entry, is_new] = known.try_emplace(count, static_cast<std::uint32_t>(coefficients.size()));
      if (is_new) {
        const Status status = add_coefficients(item, group, count + std::int64_t{1});
        if (status != Status::kOk) return status;
      }
      recent_counts[place] = count;
      recent[place] = entry->second;
    }
    use.coefficients = recent[place];
  }
  return Status::kOk;
}

Status Plan::Impl::catch_up(std::size_t index, const RowGradient* rows, const Crew& crew) {
  const KernelTable* kernels = nullptr;
  if (const Status status = active_kernels(&kernels); status != Status::kOk) return status;
  Item& item = items[index];
  if (!item.is_exact()) return Status::kOk;
  if (rows != nullptr) {
    if (const Status status = check_rows(*rows); status != Status::kOk) return status;
    if (!item.rows->set.assign(*rows)) return Status::kInvalidParameter;
  } else {
    item.rows->set.assign_all();
  }
  item.extent = item.rows->set.uses().size() * item.parameter.columns;
  if (const Status status = find_missed(item, crew); status != Status::kOk) return status;
  const StepOptions options;
  const Pass pass{Phase::kCatchUp, kernels, &options, nullptr, nullptr, nullptr, nullptr};
  const Items part = range(index, index + 1);
  lay_out_work(pass, part);
  int used = 0;
  const Status status = run_pass(pass, part, crew, &used);
  if (status == Status::kOk && rows == nullptr) item.rows->history.restart(item.step_count);
  return status;
}

}  // namespace adamas
