// Gathers memory from many addresses, and scatters it to them.
#include <pybind11/numpy.h>

#include <cstdint>
#include <cstring>

#include "gil.hpp"
#include "register.hpp"

namespace adamas::bindings {
namespace {

using Numbers = py::array_t<std::uint64_t, py::array::c_style>;

// Copies sizes[i] bytes from `sources[i]` to `targets[i]`, for each i. Who calls it answers for the addresses.
void copy_pieces(const Numbers& targets, const Numbers& sources, const Numbers& sizes) {
  if (targets.size() != sources.size() || targets.size() != sizes.size()) {
    throw py::value_error("copy_pieces: expected as many targets as sources and sizes");
  }
  const std::uint64_t* const to = targets.data();
  const std::uint64_t* const from = sources.data();
  const std::uint64_t* const bytes = sizes.data();
  const py::ssize_t count = targets.size();
  without_gil([&] {
    for (py::ssize_t i = 0; i < count; ++i) {
      std::memcpy(reinterpret_cast<void*>(to[i]), reinterpret_cast<const void*>(from[i]), bytes[i]);
    }
  });
}

}  // namespace

void register_pieces(py::module_& m) {
  m.def("copy_pieces", &copy_pieces, py::arg("targets").noconvert(), py::arg("sources").noconvert(),
        py::arg("sizes").noconvert());
}

}  // namespace adamas::bindings
