#include "engine/accumulated.hpp"

#include "engine/isa.hpp"
#include "engine/plan_impl.hpp"

namespace adamas {

Status Plan::Impl::accumulate(const void* const* grads, const DType* grad_dtypes, SumOrder order, const Crew& crew) {
  if (accumulated > 0 && order != sum_order) return Status::kInvalidParameter;
  const bool in_tree = order == SumOrder::kTree;
  if (in_tree && (std::uint64_t{first_lane} + accumulated) >> kMostLevels != 0) return Status::kInvalidParameter;
  const auto [joined, slot] = next_addition(order);
  const KernelTable* kernels = nullptr;
  if (const Status status = active_kernels(&kernels); status != Status::kOk) return status;
  const Items all = range(0, items.size());
  if (const Status status = accept_gradients(all, grads, grad_dtypes, nullptr); status != Status::kOk) return status;
  for (const Item& item : items) {
    if (item.grad != nullptr && item.rows) return Status::kInvalidParameter;
    const bool has_memory = item.sums && item.sums->memory(slot) != nullptr;
    const bool needs_memory = item.grad != nullptr || (in_tree && item.has_sums());
    if (needs_memory && !has_memory && item.parameter.size > 0) return Status::kNullPointer;
  }
  for (Item& item : items) {
    // In turn, a parameter without a gradient keeps its sum where it is.
    const bool given = item.grad != nullptr;
    if (item.sums) item.sums->begin_adding(in_tree || given ? joined : 0, slot, given);
  }
  for (std::size_t i = 0; i < added.size(); ++i) {  // of whole parameters, whoever steps them
    items[i].parameter.shard_begin = 0;
    items[i].extent = items[i].parameter.size;
  }
  const StepOptions options;
  const Pass pass{Phase::kAccumulate, kernels, &options, nullptr, nullptr, nullptr, nullptr};
  lay_out_work(pass, all);
  int used = 0;
  const Status status = run_pass(pass, all, crew, &used);
  for (Item& item : items) {
    if (item.sums) item.sums->end_adding(status == Status::kOk);
  }
  for (std::size_t i = 0; i < added.size(); ++i) items[i].parameter.shard_begin = added[i].shard_begin;
  if (status != Status::kOk) return status;
  sum_order = order;
  ++accumulated;
  return Status::kOk;
}

// A sum of 2^level lanes is the left or the right one of two that are added; a right one waits in a slot of its own, as
// long as the left one is not here.
Addition Plan::Impl::next_addition(SumOrder order) const {
  if (order == SumOrder::kInTurn) return {1, 0};
  const std::uint64_t first = first_lane;
  std::uint64_t begin = first + accumulated;  // of the sum that the gradient is in
  Addition next{0, 0};
  int level = 0;
  for (; (begin >> level & 1U) != 0; ++level) {
    const std::uint64_t left = begin - (std::uint64_t{1} << level);
    if (left < first) {
      next.slot = kMostLevels + level;
      return next;
    }
    next.joined |= std::uint64_t{1} << level;
    begin = left;
  }
  next.slot = level;
  return next;
}

int Plan::Impl::accumulated_sums(int* levels, int* slots) const {
  const std::uint64_t end = std::uint64_t{first_lane} + accumulated;
  int count = 0;
  for (std::uint64_t begin = first_lane; begin < end; ++count) {
    int level = 0;
    const auto whole = [&](int more) {
      const std::uint64_t lanes = std::uint64_t{1} << more;
      return begin % lanes == 0 && begin + lanes <= end;
    };
    while (whole(level + 1)) ++level;
    const bool is_right = (begin >> level & 1U) != 0;
    levels[count] = level;
    slots[count] = is_right ? kMostLevels + level : level;
    begin += std::uint64_t{1} << level;
  }
  return count;
}

void Plan::Impl::drop_accumulated() {
  for (Item& item : items) {
    if (item.sums) item.sums->drop();
  }
  accumulated = 0;
}

}  // namespace adamas
