// Functions for tests and benchmarks only: parts of the engine, and the limits of a step. They are in this extension
// and not in one of their own, because the engine's state (instruction set, threads, what it has seen of other
// processes) exists once for each library that it is linked into.
#include <adamas/rules.hpp>

#include <chrono>
#include <cstdint>

#include "arrays.hpp"
#include "engine/cpu_quota.hpp"
#include "engine/oversubscription.hpp"
#include "errors.hpp"
#include "gil.hpp"
#include "probes/arithmetic_limit.hpp"
#include "probes/byte_limit.hpp"
#include "register.hpp"

namespace adamas::bindings {
namespace {

void run_byte_limit(py::handle param, py::handle grad, const py::tuple& states, int num_threads, bool read_only) {
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
    status = probes::byte_limit(static_cast<float*>(p.data), static_cast<const float*>(g), s,
                                static_cast<int>(states.size()), p.size, num_threads, read_only);
  });
  throw_on_error(status);
}

void run_divider_limit(std::size_t elements, int roots, int quotients) {
  Status status = Status::kOk;
  without_gil([&] { status = probes::divider_limit(elements, roots, quotients); });
  throw_on_error(status);
}

bool run_instruction_limit(std::size_t count) {
  Status status = Status::kOk;
  bool known = false;
  without_gil([&] { status = probes::instruction_limit(count, &known); });
  throw_on_error(status);
  return known;
}

}  // namespace

void register_probes(py::module_& m) {
  py::module_ probes = m.def_submodule("probes", "What tests and benchmarks of adamas look at, and nobody else.");
  probes.def("byte_limit", &run_byte_limit, py::arg("param"), py::arg("grad"), py::arg("states"),
             py::arg("num_threads") = 0, py::arg("read_only") = false);
  probes.def("divider_limit", &run_divider_limit, py::arg("elements"), py::arg("roots"), py::arg("quotients"));
  probes.def("instruction_limit", &run_instruction_limit, py::arg("count"));
  probes.def("cpu_quota", &cpu_quota, py::arg("root"));
  probes.def("is_oversubscribed", &is_oversubscribed);
  probes.def(
      "report_region",
      [](std::int64_t waiting_us, std::int64_t total_us) {
        report_region(std::chrono::microseconds(waiting_us), std::chrono::microseconds(total_us));
      },
      py::arg("waiting_us"), py::arg("total_us"));
}

}  // namespace adamas::bindings
