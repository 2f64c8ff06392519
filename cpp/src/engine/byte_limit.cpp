#include <adamas/byte_limit.hpp>
#include <adamas/rules.hpp>

#include "engine/isa.hpp"
#include "engine/share.hpp"
#include "engine/threads.hpp"

namespace adamas {
namespace {

struct Work {
  Streams streams;
  ByteLimitKernel kernel;
  std::size_t size;
};

void run_share(void* context, int worker, int workers) {
  const Work& work = *static_cast<const Work*>(context);
  const auto boundary = [&](int k) {
    return k == workers ? work.size : round_down_to_granule(share_begin(work.size, k, workers));
  };
  work.kernel(work.streams, boundary(worker), boundary(worker + 1));
}

}  // namespace

Status byte_limit(float* param, const float* grad, float* const* states, int state_count, std::size_t size,
                  int threads) noexcept {
  if (state_count < 0 || state_count > kMaxStates) return Status::kInvalidTensor;
  const KernelTable* kernels = nullptr;
  if (const Status status = active_kernels(&kernels); status != Status::kOk) return status;
  const std::size_t bytes = size * sizeof(float) * static_cast<std::size_t>(3 + 2 * state_count);
  int workers = 1;
  if (const Status status = choose_threads(bytes, threads, &workers); status != Status::kOk) return status;

  void* arrays[kMaxStates] = {};
  for (int k = 0; k < state_count; ++k) arrays[k] = states[k];
  Work work{{param, grad, arrays}, kernels->byte_limit[state_count], size};
  run_workers(workers, run_share, &work);
  return Status::kOk;
}

}  // namespace adamas
