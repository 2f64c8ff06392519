#include "memory.hpp"

#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#include "pages.hpp"

namespace adamas::bindings {
namespace {

constexpr std::size_t kCacheLine = 64;
// How far apart kinds of states begin: in the page, neither this nor twice this is near a multiple of it; in 128 KiB
// and in 1 MiB, no multiple up to the sixth is.
constexpr std::size_t kDistance = 36 * kPage + 1344;
constexpr std::size_t kFirstPlace = 36 * kPage + 704;  // of large states, seen from parameters
// Arrays from this size on are apart in more than the page.
constexpr std::size_t kSpreadThreshold = std::size_t{2} << 20;
constexpr std::size_t kLargestPeriod = std::size_t{1} << 20;

// The power of two by which arrays of so many bytes are apart: it costs a 16th of them at most.
std::size_t period_of(std::size_t bytes) {
  std::size_t period = kPage;
  while (bytes >= kSpreadThreshold && period < kLargestPeriod && period <= bytes / 32) period *= 2;
  return period;
}

std::uintptr_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

}  // namespace

std::vector<std::size_t> StateArena::plan(const std::vector<WritableArray>& params,
                                          const std::vector<Request>& requests) {
  std::vector<std::size_t> places(params.size(), 0);
  const std::size_t start = used_;
  // Small kinds lie within a page or so, where the distance is what it is.
  std::size_t total = 0;
  for (const Request& request : requests) total += request.bytes;
  const std::size_t period = period_of(total);
  if (kinds_ > 0 && total >= kPage / 2) used_ += (kinds_ * kDistance - used_) % period;
  if (kinds_ == 0 && !params.empty()) first_param_ = address_of(params[0].data);
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
  const std::size_t period = period_of(used_);
  const std::size_t slack = period == kPage ? 2 * kCacheLine : period + kCacheLine;
  const std::size_t bytes = used_ + slack;
  block_.reset(std::calloc(bytes, 1), [](void* block) { std::free(block); });
  if (!block_) throw std::bad_alloc();
  std::uintptr_t first = round_up(address_of(block_.get()), kCacheLine);
  if (period != kPage) first += (round_up(first_param_, kCacheLine) + kFirstPlace - first) % period;
  first_ = static_cast<char*>(block_.get()) + (first - address_of(block_.get()));
  advise_huge(block_.get(), bytes);
}

void StateArena::take(const py::array& memory) {
  if (static_cast<std::size_t>(memory.nbytes()) != round_up(used_, kCacheLine) ||
      address_of(memory.data()) % kCacheLine != 0) {
    throw py::value_error("lay_out: the memory does not fit");
  }
  first_ = static_cast<char*>(const_cast<void*>(memory.data()));
  block_.reset(new py::object(memory), [](void* object) {
    const py::gil_scoped_acquire gil;
    delete static_cast<py::object*>(object);
  });
}

py::array StateArena::view(void* data, const py::dtype& dtype, std::vector<py::ssize_t> shape) const {
  const py::capsule share(new std::shared_ptr<void>(block_),
                          [](void* pointer) { delete static_cast<std::shared_ptr<void>*>(pointer); });
  return py::array(dtype, std::move(shape), data, share);
}

}  // namespace adamas::bindings
