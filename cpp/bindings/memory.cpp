// Memory for optimizer states.
#include <pybind11/numpy.h>

#include <cstdlib>
#include <limits>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "arrays.hpp"
#include "register.hpp"

namespace adamas::bindings {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kHugeThreshold = std::size_t{4} << 20;

// Zeros of the shape and dtype of `param`, placed in their cache line as `param` is in its, so that a kernel that has
// stepped to a boundary of one is on a boundary of all. The memory is untouched until a step's own threads write it.
// The array is a view of memory that it does not own, so nobody can resize it under the optimizer.
py::array allocate_state(const py::array& param) {
  WritableArray like;
  if (!accept_writable(param, &like)) throw py::value_error("allocate_state: not an array that can be stepped");
  const std::size_t bytes = like.size * static_cast<std::size_t>(size_of(like.dtype));
  void* memory = std::calloc(bytes + kCacheLine, 1);
  if (memory == nullptr) throw std::bad_alloc();
  const py::capsule owner(memory, [](void* block) { std::free(block); });

  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  const std::size_t shift = (reinterpret_cast<std::uintptr_t>(like.data) - address) % kCacheLine;
#if defined(__linux__)
  if (bytes >= kHugeThreshold) {
    const std::uintptr_t first_page = (address + kPage - 1) / kPage * kPage;
    madvise(reinterpret_cast<void*>(first_page), (address + bytes - first_page) / kPage * kPage, MADV_HUGEPAGE);
  }
#endif
  const std::vector<py::ssize_t> shape(param.shape(), param.shape() + param.ndim());
  return py::array(py::dtype(param.dtype()), shape, static_cast<char*>(memory) + shift, owner);
}

}  // namespace

void register_memory(py::module_& m) {
  m.def("allocate_state", &allocate_state, py::arg("param"));
}

}  // namespace adamas::bindings
