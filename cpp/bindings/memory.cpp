#include "memory.hpp"

#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace adamas::bindings {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kDistanceInPage = 1344;  // neither this nor twice this is near a multiple of the page
constexpr std::size_t kHugeThreshold = std::size_t{4} << 20;

std::size_t round_up(std::size_t value, std::size_t unit) { return (value + unit - 1) / unit * unit; }

std::uintptr_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

// Asks for huge pages, as NumPy does for its own large arrays.
void advise_huge(void* block, std::size_t bytes) {
#if defined(__linux__)
  if (bytes < kHugeThreshold) return;
  const std::size_t skipped = round_up(address_of(block), kPage) - address_of(block);
  madvise(static_cast<char*>(block) + skipped, (bytes - skipped) / kPage * kPage, MADV_HUGEPAGE);
#else
  static_cast<void>(block);
  static_cast<void>(bytes);
#endif
}

}  // namespace

StateArena::StateArena(const std::vector<WritableArray>& params, int states_per_param) {
  std::size_t used = 0;
  offsets_.reserve(params.size());
  for (const WritableArray& param : params) {
    used += (address_of(param.data) - used) % kCacheLine;
    offsets_.push_back(used);
    used += param.size * static_cast<std::size_t>(size_of(param.dtype));
  }
  // Small blocks lie within a page or so, where the distance is what it is.
  distance_ = used < kPage / 2 ? round_up(used, kCacheLine) : round_up(used, kPage) + kDistanceInPage;
  const std::size_t bytes = distance_ * static_cast<std::size_t>(states_per_param) + kCacheLine;
  block_.reset(std::calloc(bytes, 1), [](void* block) { std::free(block); });
  if (!block_) throw std::bad_alloc();
  first_ =
      static_cast<char*>(block_.get()) + (round_up(address_of(block_.get()), kCacheLine) - address_of(block_.get()));
  advise_huge(block_.get(), bytes);
}

py::array StateArena::view(std::size_t param, int which, const WritableArray& like) const {
  const auto array = py::reinterpret_borrow<py::array>(like.array);
  std::vector<py::ssize_t> shape(array.shape(), array.shape() + array.ndim());
  if (static_cast<std::size_t>(array.size()) != like.size) shape = {static_cast<py::ssize_t>(like.size)};
  const auto dtype = like.dtype == DType::kFloat32 ? py::dtype::of<float>() : py::dtype::of<double>();
  const py::capsule share(new std::shared_ptr<void>(block_),
                          [](void* pointer) { delete static_cast<std::shared_ptr<void>*>(pointer); });
  return py::array(dtype, std::move(shape), state(param, which), share);
}

}  // namespace adamas::bindings
