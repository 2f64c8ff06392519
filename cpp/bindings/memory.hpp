// Memory for what an optimizer keeps for its parameters.
#pragma once

#include <pybind11/numpy.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "arrays.hpp"

namespace adamas::bindings {

// All states, scales and residues of an optimizer in one block of zeros: the first states of all parameters, then the
// second ones, and so on.
//
// A state of as many bytes an element as its parameter lies in its cache line as the parameter does, so that a kernel
// that has stepped to a boundary of one is on a boundary of all; everything else begins on a cache line. Where one kind
// of state begins is neither near to nor far from a multiple of the page, seen from where the others begin: else a
// processor that compares the low 12 bits of addresses takes the load of one state for that of a store to the other a
// few elements before, and waits. Nor is it near to a multiple of a larger power of two, where states are large: what
// begins so shares few sets of a cache, as huge pages leave addresses as they are. (Measured, with arrays 2^28 bytes
// apart: up to 7 times as long; 4 KiB less or more, 8 to 14 %.) The memory is untouched until a step's own threads
// write it.
class StateArena {
 public:
  // Lays out the next kind of state: bytes, and bytes an element or 0, for each parameter. Returns where each lies.
  struct Request {
    std::size_t bytes;
    std::size_t element_bytes;
  };
  std::vector<std::size_t> plan(const std::vector<WritableArray>& params, const std::vector<Request>& requests);

  // After the last plan(). `source` is None, or is called with a number of bytes and returns an array of so many zeros,
  // from a cache line on, which the arena keeps alive.
  void allocate(const py::object& source = py::none());

  bool is_empty() const { return block_ == nullptr; }

  void* at(std::size_t place) const { return first_ + place; }

  // An array over what lies at `data`. It shares ownership of the block without owning its data, so nobody can resize
  // it under the optimizer, and it may outlive the optimizer.
  py::array view(void* data, const py::dtype& dtype, std::vector<py::ssize_t> shape) const;

 private:
  void take(const py::array& memory);

  std::shared_ptr<void> block_;
  char* first_ = nullptr;
  std::size_t used_ = 0;
  std::size_t kinds_ = 0;
  std::uintptr_t first_param_ = 0;  // parameters and gradients are mostly near one another
};

}  // namespace adamas::bindings
