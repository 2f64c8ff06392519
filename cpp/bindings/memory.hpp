// Memory for optimizer states.
#pragma once

#include <pybind11/numpy.h>

#include <memory>
#include <vector>

#include "arrays.hpp"

namespace adamas::bindings {

// All states of an optimizer in one block of zeros: the first states of all parameters, then the second ones, and so
// on.
//
// Each state lies in its cache line as its parameter does, so that a kernel that has stepped to a boundary of one is on
// a boundary of all. The states of one parameter are a fixed distance apart, whose remainder modulo 4096 is neither
// small nor large: else a processor that compares the low 12 bits of addresses takes the load of one state for that of
// a store to the other a few elements before, and waits. The memory is untouched until a step's own threads write it.
class StateArena {
 public:
  StateArena() = default;
  StateArena(const std::vector<WritableArray>& params, int states_per_param);

  void* state(std::size_t param, int which) const {
    return first_ + offsets_[param] + static_cast<std::size_t>(which) * distance_;
  }

  // An array over one state, of the shape that its parameter has now. It shares ownership of the block without owning
  // its data, so nobody can resize it under the optimizer, and it may outlive the optimizer.
  py::array view(std::size_t param, int which, const WritableArray& like) const;

 private:
  std::shared_ptr<void> block_;
  char* first_ = nullptr;
  std::size_t distance_ = 0;
  std::vector<std::size_t> offsets_;
};

}  // namespace adamas::bindings
