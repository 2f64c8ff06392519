// The byte-limit loop, for benchmarks.
#include <adamas/byte_limit.hpp>
#include <adamas/rules.hpp>

#include "arrays.hpp"
#include "errors.hpp"
#include "gil.hpp"
#include "register.hpp"

namespace adamas::bindings {
namespace {

void run(py::handle param, py::handle grad, const py::tuple& states, int num_threads, bool read_only) {
  WritableArray p;
  const void* g = nullptr;
  float* s[kMaxStates] = {};
  bool fits = states.size() <= kMaxStates && accept_writable(param, &p) && p.dtype == DType::kFloat32 &&
              accept_like(grad, p, &g);
  for (std::size_t k = 0; fits && k < states.size(); ++k) {
    WritableArray state;
    fits = accept_writable(states[k], &state) && state.dtype == p.dtype && state.size == p.size;
    s[k] = static_cast<float*>(state.data);
  }
  if (!fits) throw py::value_error("byte_limit: expected contiguous float32 arrays of one size");
  Status status = Status::kOk;
  without_gil([&] {
    status = byte_limit(static_cast<float*>(p.data), static_cast<const float*>(g), s, static_cast<int>(states.size()),
                        p.size, num_threads, read_only);
  });
  throw_on_error(status);
}

}  // namespace

void register_byte_limit(py::module_& m) {
  m.def("byte_limit", &run, py::arg("param"), py::arg("grad"), py::arg("states"), py::arg("num_threads") = 0,
        py::arg("read_only") = false);
}

}  // namespace adamas::bindings
