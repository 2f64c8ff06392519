#include "plan.hpp"

#include <pybind11/stl.h>

#include <memory>

#include "fast_method.hpp"
#include "register.hpp"

namespace adamas::bindings {

namespace {

// What PyPlan::start() or open() has begun; None if they refuse.
template <class Work>
std::unique_ptr<Begun> begin_step(const py::object& self, Work&& work) {
  auto begun = std::make_unique<Begun>(self);
  if (!work(begun->plan())) return nullptr;
  begun->begin();
  return begun;
}

// Python runs handlers of signals between two lines of Python code: Ctrl-C may arrive before the first line of a
// method. So the end of a scope is no Python code, as long as the optimizer is in use.
struct Scope {};

void set_attribute(const py::object& object, const char* name, const py::object& value) {
  if (PyObject_GenericSetAttr(object.ptr(), py::str(name).ptr(), value.ptr()) != 0) throw py::error_already_set();
}

void leave_scope(const py::object& self) {
  const py::object model = self.attr("_model");
  if (!py::object(model.attr("scope")).is(self)) throw std::runtime_error("step_scope: this scope is not open");
  set_attribute(model, "scope", py::none());
  const py::object updated = self.attr("_begun").attr("close")();
  self.attr("_conclude")(updated);
}

PyObject* step(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  return translating_exceptions([&] {
    if (count < 2 || count > 4) throw py::type_error("step: expected grads, groups, options and average_weight");
    const py::handle options = count > 2 ? arguments[2] : Py_None;
    const py::handle average_weight = count > 3 ? arguments[3] : nullptr;
    return instance<PyPlan>(self).step(arguments[0], arguments[1], options, average_weight);
  });
}

PyMethodDef kStep = {"step", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&step)), METH_FASTCALL,
                     "step($self, grads, groups, options=None, average_weight=0.0, /)\n--\n\n"};

}  // namespace

void register_plan(py::module_& m) {
  py::class_<Scope>(m, "Scope").def(py::init<>()).def("__exit__", [](const py::object& self, const py::args&) {
    leave_scope(self);
  });
  m.attr("observed_fields") = observed_fields();
  py::class_<Begun>(m, "Begun")
      .def("finish", &Begun::finish)
      .def("finish_shared", &Begun::finish_shared, py::arg("sources"), py::arg("lanes"), py::arg("gather"))
      .def("close", &Begun::close)
      .def("abandon", &Begun::abandon);
  py::class_<PyPlan> cls(m, "Plan");
  define_method(cls, &kStep);
  cls.def(py::init<const py::object&, py::object, std::uint64_t>(), py::arg("structure"), py::arg("report_type"),
          py::arg("seed"))
      .def("add_group", &PyPlan::add_group, py::arg("group"), py::arg("frozen"), py::arg("beta_count"))
      .def("add", &PyPlan::add, py::arg("param"), py::kw_only(), py::arg("rule"), py::arg("state_format"),
           py::arg("residue"), py::arg("average"), py::arg("copy"), py::arg("row_mode"), py::arg("matrix"),
           py::arg("shard"))
      .def("lay_out", &PyPlan::lay_out, py::arg("memory") = py::none())
      .def("state", &PyPlan::state, py::arg("index"), py::arg("which"))
      .def("scale", &PyPlan::scale, py::arg("index"), py::arg("which"))
      .def("residue", &PyPlan::residue, py::arg("index"))
      .def("average", &PyPlan::average, py::arg("index"))
      .def("row_counts", &PyPlan::row_counts, py::arg("index"))
      .def(
          "start",
          [](const py::object& self, py::handle grads, py::handle groups, py::handle options,
             py::handle average_weight) {
            return begin_step(self, [&](PyPlan& p) { return p.start(grads, groups, options, average_weight); });
          },
          py::arg("grads"), py::arg("groups"), py::arg("options"), py::arg("average_weight"))
      .def("program", &PyPlan::program, py::arg("groups"), py::arg("options"), py::arg("has_gradient"),
           py::arg("operands"), py::arg("average"), py::arg("apart"), py::arg("places"), py::arg("start_states"),
           py::arg("observe"))
      .def("catch_up", &PyPlan::catch_up, py::arg("index"), py::arg("rows"))
      .def("accumulate", &PyPlan::accumulate, py::arg("grads"), py::arg("in_tree"))
      .def("drop_accumulated", &PyPlan::drop_accumulated)
      .def("given", &PyPlan::given)
      .def("is_acceptable", &PyPlan::is_acceptable)
      .def("addresses", &PyPlan::addresses)
      .def("accumulate_given", &PyPlan::accumulate_given)
      .def("set_first_lane", &PyPlan::set_first_lane, py::arg("lane"))
      .def("give_accumulators", &PyPlan::give_accumulators, py::arg("slot"), py::arg("addresses"))
      .def("accumulated_sums", &PyPlan::accumulated_sums)
      .def(
          "open",
          [](const py::object& self, py::handle groups, py::handle options, py::handle average_weight) {
            return begin_step(self, [&](PyPlan& p) { return p.open(groups, options, average_weight); });
          },
          py::arg("groups"), py::arg("options"), py::arg("average_weight"))
      .def("step_one", &PyPlan::step_one, py::arg("index"), py::arg("grad"))
      .def("step_count", &PyPlan::step_count, py::arg("index"))
      .def("set_step_counts", &PyPlan::set_step_counts, py::arg("counts"), py::arg("completed"),
           py::arg("scalars") = std::vector<std::vector<double>>(), py::arg("shared") = std::vector<double>())
      .def("show_step_counts", &PyPlan::show_step_counts, py::arg("counts"))
      .def("show_scalars", &PyPlan::show_scalars, py::arg("which"), py::arg("values"))
      .def("scalars", &PyPlan::scalars, py::arg("index"))
      .def("set_scalars", &PyPlan::set_scalars, py::arg("index"), py::arg("values"))
      .def("shared_scalars", &PyPlan::shared_scalars)
      .def("set_shared_scalars", &PyPlan::set_shared_scalars, py::arg("values"))
      .def("__enter__", &PyPlan::enter)
      .def("__exit__", [](PyPlan& plan, const py::args&) { plan.exit(); })
      .def_property_readonly("scheduled", &PyPlan::scheduled)
      .def_property_readonly("observed", &PyPlan::observed)
      .def_property_readonly("completed", &PyPlan::completed)
      .def_property_readonly("accumulated", &PyPlan::accumulated)
      .def_property("previous_norm", &PyPlan::previous_norm, &PyPlan::set_previous_norm)
      .def_property_readonly("average_counts", &PyPlan::average_counts)
      .def("average_count", &PyPlan::average_count, py::arg("index"))
      .def("set_average_counts", &PyPlan::set_average_counts, py::arg("counts"))
      .def_property("starts_states", &PyPlan::starts_states, &PyPlan::set_starts_states)
      .def_property("copies_lead", &PyPlan::copies_lead, &PyPlan::set_copies_lead)
      .def_property_readonly("last_threads", &PyPlan::last_threads)
      .def_property("foreign_groups", &PyPlan::foreign_groups, &PyPlan::set_foreign_groups)
      .def_property("num_threads", &PyPlan::num_threads, &PyPlan::set_num_threads);
}

}  // namespace adamas::bindings
