// Parts of the engine that only tests call.
#include <chrono>
#include <cstdint>

#include "engine/cpu_quota.hpp"
#include "engine/crowding.hpp"
#include "register.hpp"

namespace adamas::bindings {

namespace py = pybind11;

void register_internals(py::module_& m) {
  m.def("cpu_quota", &cpu_quota, py::arg("root"));
  m.def("is_crowded", &is_crowded);
  m.def(
      "report_region",
      [](std::int64_t waiting_us, std::int64_t total_us) {
        report_region(std::chrono::microseconds(waiting_us), std::chrono::microseconds(total_us));
      },
      py::arg("waiting_us"), py::arg("total_us"));
}

}  // namespace adamas::bindings
