#include "engine/accumulated.hpp"

#include "engine/isa.hpp"
#include "engine/plan_impl.hpp"

namespace adamas {

Status Plan::Impl::accumulate(const void* const* grads, const DType* grad_dtypes, SumOrder order, const Crew& crew) {
  if (accumulated > 0 && order != sum_order) return Status::kInvalidParameter;
  const bool in_tree = order == SumOrder::kTree;
  const int level = level_of_next(order);
  if (level >= kMostLevels) return Status::kInvalidParameter;
  const KernelTable* kernels = nullptr;
  if (const Status status = active_kernels(&kernels); status != Status::kOk) return status;
  const Items all = range(0, items.size());
  if (const Status status = accept_gradients(all, grads, grad_dtypes, nullptr); status != Status::kOk) return status;
  const std::uint32_t joined = in_tree ? (1U << level) - 1 : 1;
  for (const Item& item : items) {
    if (item.grad != nullptr && item.rows) return Status::kInvalidParameter;
    const bool has_memory = item.sums && item.sums->memory(level) != nullptr;
    const bool needs_memory = item.grad != nullptr || (in_tree && item.has_sums());
    if (needs_memory && !has_memory && item.parameter.size > 0) return Status::kNullPointer;
  }
  for (Item& item : items) {
    // In turn, a parameter without a gradient keeps its sum where it is.
    const bool given = item.grad != nullptr;
    if (item.sums) item.sums->begin_adding(in_tree || given ? joined : 0, level, given);
  }
  const StepOptions options;
  const Pass pass{Phase::kAccumulate, kernels, &options, nullptr, nullptr, nullptr, nullptr};
  lay_out_work(pass, all);
  int used = 0;
  const Status status = run_pass(pass, all, crew, &used);
  for (Item& item : items) {
    if (item.sums) item.sums->end_adding(status == Status::kOk);
  }
  if (status != Status::kOk) return status;
  sum_order = order;
  ++accumulated;
  return Status::kOk;
}

int Plan::Impl::level_of_next(SumOrder order) const {
  int level = 0;
  while (order == SumOrder::kTree && (accumulated >> level & 1U) != 0) ++level;
  return level;
}

void Plan::Impl::drop_accumulated() {
  for (Item& item : items) {
    if (item.sums) item.sums->drop();
  }
  accumulated = 0;
}

}  // namespace adamas
