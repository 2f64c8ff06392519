#include "plan.hpp"

#include <pybind11/stl.h>

#include "register.hpp"

namespace adamas::bindings {

void register_plan(py::module_& m) {
  py::class_<PyPlan>(m, "Plan")
      .def(py::init<const py::tuple&, py::object, std::uint64_t>(), py::arg("structure"), py::arg("report_type"),
           py::arg("seed"))
      .def("add_group", &PyPlan::add_group, py::arg("group"), py::arg("frozen"), py::arg("beta_count"))
      .def("add", &PyPlan::add, py::arg("param"), py::arg("rule"), py::arg("state_format"), py::arg("residue"),
           py::arg("average_bytes"), py::arg("copy"), py::arg("row_mode"))
      .def("lay_out", &PyPlan::lay_out, py::arg("memory") = py::none())
      .def("size", &PyPlan::size, py::arg("index"))
      .def("state", &PyPlan::state, py::arg("index"), py::arg("which"))
      .def("scale", &PyPlan::scale, py::arg("index"), py::arg("which"))
      .def("residue", &PyPlan::residue, py::arg("index"))
      .def("average", &PyPlan::average, py::arg("index"))
      .def("row_counts", &PyPlan::row_counts, py::arg("index"))
      .def("step", &PyPlan::step, py::arg("grads"), py::arg("groups"), py::arg("options") = py::none(),
           py::arg("average_weight") = 0.0)
      .def("start", &PyPlan::start, py::arg("grads"), py::arg("groups"), py::arg("options"), py::arg("average_weight"))
      .def("finish", &PyPlan::finish)
      .def("abandon", &PyPlan::abandon)
      .def("catch_up", &PyPlan::catch_up, py::arg("index"), py::arg("rows"))
      .def("accumulate", &PyPlan::accumulate, py::arg("grads"))
      .def("drop_accumulated", &PyPlan::drop_accumulated)
      .def("open", &PyPlan::open, py::arg("groups"), py::arg("options"), py::arg("average_weight"))
      .def("step_one", &PyPlan::step_one, py::arg("index"), py::arg("grad"))
      .def("close", &PyPlan::close)
      .def("step_count", &PyPlan::step_count, py::arg("index"))
      .def("set_step_counts", &PyPlan::set_step_counts, py::arg("counts"), py::arg("completed"),
           py::arg("scalars") = std::vector<std::vector<double>>())
      .def("show_step_counts", &PyPlan::show_step_counts, py::arg("counts"))
      .def("show_scalars", &PyPlan::show_scalars, py::arg("which"), py::arg("values"))
      .def("scalars", &PyPlan::scalars, py::arg("index"))
      .def("set_scalars", &PyPlan::set_scalars, py::arg("index"), py::arg("values"))
      .def("__enter__", &PyPlan::enter)
      .def("__exit__", [](PyPlan& plan, const py::args&) { plan.exit(); })
      .def_property_readonly("scheduled", &PyPlan::scheduled)
      .def_property_readonly("completed", &PyPlan::completed)
      .def_property_readonly("accumulated", &PyPlan::accumulated)
      .def_property_readonly("last_threads", &PyPlan::last_threads)
      .def_property("num_threads", &PyPlan::num_threads, &PyPlan::set_num_threads);
}

}  // namespace adamas::bindings
