#include "byte_limit.hpp"

#include <adamas/rules.hpp>

#include "engine/work_queue.hpp"
#include "probe_table.hpp"

namespace adamas::probes {
namespace {

struct Work {
  Streams streams;
  ByteLimitKernel kernel;
  std::size_t size;
};

void run_slice(void* context, std::uint64_t slice, std::uint64_t slices) {
  const Work& work = *static_cast<const Work*>(context);
  const auto boundary = [&](std::uint64_t k) {
    return k == slices ? work.size : round_down_to_granule(slice_begin(work.size, k, slices));
  };
  work.kernel(work.streams, boundary(slice), boundary(slice + 1));
}

}  // namespace

Status byte_limit(float* param, const float* grad, float* const* states, int state_count, std::size_t size, int threads,
                  bool read_only) noexcept {
  if (state_count < 0 || state_count > kMaxStates) return Status::kInvalidParameter;
  const ProbeTable* limits = nullptr;
  if (const Status status = active_probes(&limits); status != Status::kOk) return status;

  void* arrays[kMaxStates] = {};
  for (int k = 0; k < state_count; ++k) arrays[k] = states[k];
  Streams streams{};
  streams.param = param;
  streams.grad = grad;
  streams.states = arrays;
  Work work{streams, (read_only ? limits->read : limits->update)[state_count], size};
  const int moved = read_only ? 2 + state_count : 3 + 2 * state_count;
  int used = 1;
  return run_slices(size * sizeof(float) * static_cast<std::size_t>(moved), {threads, nullptr}, run_slice, &work,
                    &used);
}

}  // namespace adamas::probes
