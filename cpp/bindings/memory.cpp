#include "memory.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "gil.hpp"

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

std::vector<std::size_t> StateArena::plan(const std::vector<WritableArray>& params,
                                          const std::vector<Request>& requests) {
  std::vector<std::size_t> places(params.size(), 0);
  const std::size_t start = used_;
  // Small kinds lie within a page or so, where the distance is what it is.
  std::size_t total = 0;
  for (const Request& request : requests) total += request.bytes;
  if (kinds_ > 0 && total >= kPage / 2) used_ += (kinds_ * kDistanceInPage - used_) % kPage;
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (requests[i].bytes == 0) continue;
    const bool alike = requests[i].element_bytes == size_of(params[i].dtype);
    used_ += ((alike ? address_of(params[i].data) : 0) - used_) % kCacheLine;
    places[i] = used_;
    used_ += requests[i].bytes;
  }
  if (used_ != start) ++kinds_;
  return places;
}

void StateArena::allocate(const py::object& source) {
  if (!source.is_none() && used_ > 0) return take(source(round_up(used_, kCacheLine)));
  const std::size_t bytes = used_ + 2 * kCacheLine;
  block_.reset(std::calloc(bytes, 1), [](void* block) { std::free(block); });
  if (!block_) throw std::bad_alloc();
  first_ =
      static_cast<char*>(block_.get()) + (round_up(address_of(block_.get()), kCacheLine) - address_of(block_.get()));
  advise_huge(block_.get(), bytes);
}

void StateArena::take(const py::object& memory) {
  const std::size_t bytes = round_up(used_, kCacheLine);
  const bool is_array = py::isinstance<py::array>(memory);
  const py::array array = is_array ? py::reinterpret_borrow<py::array>(memory) : py::array();
  const bool fits = is_array && array.dtype().is(py::dtype::of<std::uint8_t>()) && array.ndim() == 1 &&
                    static_cast<std::size_t>(array.size()) == bytes && (array.flags() & py::array::c_style) != 0 &&
                    array.writeable() && address_of(array.data()) % kCacheLine == 0;
  if (!fits) {
    throw py::value_error(
        "state_memory: expected it to return a writeable, contiguous array of dtype uint8 and length " +
        std::to_string(bytes) + ", which begins at a multiple of " + std::to_string(kCacheLine) + " bytes");
  }
  first_ = const_cast<char*>(static_cast<const char*>(array.data()));
  given_ = bytes;
  block_.reset(new py::object(memory), [](void* object) {
    const py::gil_scoped_acquire gil;
    delete static_cast<py::object*>(object);
  });
}

bool StateArena::overlaps(const void* data, std::size_t bytes) const {
  return address_of(data) < address_of(first_) + given_ && address_of(first_) < address_of(data) + bytes;
}

void StateArena::clear() {
  without_gil([&] { std::memset(first_, 0, given_); });
}

py::array StateArena::view(void* data, const py::dtype& dtype, std::vector<py::ssize_t> shape) const {
  const py::capsule share(new std::shared_ptr<void>(block_),
                          [](void* pointer) { delete static_cast<std::shared_ptr<void>*>(pointer); });
  return py::array(dtype, std::move(shape), data, share);
}

}  // namespace adamas::bindings
