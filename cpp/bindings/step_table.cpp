#include "step_table.hpp"

#include <atomic>

#include "fast_method.hpp"
#include "lookup.hpp"
#include "register.hpp"

namespace adamas::bindings {
namespace {

// Plans tell by it whether they have read the settings; no two tables have the same.
std::atomic<std::uint64_t> versions{0};

PyObject* step_by_key(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  return translating_exceptions([&] {
    if (count != 3) throw py::type_error("step: expected key, array and gradient");
    return instance<StepTable>(self).step(arguments[0], arguments[1], arguments[2]);
  });
}

// Tells without hashing: of equal keys, only some.
bool is_same_key(PyObject* known, PyObject* key) {
  if (known == key) return true;
  if (known == nullptr || !PyTuple_CheckExact(known) || !PyTuple_CheckExact(key)) return false;
  const Py_ssize_t size = PyTuple_GET_SIZE(known);
  if (PyTuple_GET_SIZE(key) != size) return false;
  for (Py_ssize_t i = 0; i < size; ++i) {
    if (PyTuple_GET_ITEM(known, i) != PyTuple_GET_ITEM(key, i)) return false;
  }
  return true;
}

PyMethodDef kStepOfTable = {"step", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&step_by_key)),
                            METH_FASTCALL, "step($self, key, array, grad, /)\n--\n\n"};

}  // namespace

void StepTable::put(const py::object& key, const py::object& plan, std::size_t index) {
  if (!py::isinstance<PyPlan>(plan)) throw py::type_error("put: expected a Plan");
  Place place{key, plan, &py::cast<PyPlan&>(plan), index};
  if (const py::object known = dict_item(numbers_, key)) {
    places_[known.cast<std::size_t>()] = std::move(place);
    return;
  }
  places_.push_back(std::move(place));
  numbers_[key] = py::int_(places_.size() - 1);
}

// The place stays, for nobody.
void StepTable::remove(const py::object& key) {
  if (const py::object number = dict_item(numbers_, key)) {
    numbers_.attr("pop")(key);
    places_[number.cast<std::size_t>()].key = py::object();
  }
}

void StepTable::prepare(const py::list& groups, const py::object& options) {
  groups_ = groups;
  options_ = options;
  version_ = versions.fetch_add(1) + 1;
}

// Keys mostly come in the order in which they were put here.
std::size_t StepTable::find(py::handle key) const {
  if (expected_ < places_.size() && is_same_key(places_[expected_].key.ptr(), key.ptr())) return expected_;
  const py::object number = dict_item(numbers_, key);
  return number ? PyLong_AsSize_t(number.ptr()) : kNowhere;
}

double StepTable::weight_at(std::int64_t number) {
  if (number != weight_number_ && !weight_of_.is_none()) {
    weight_ = weight_of_(number).cast<double>();
    weight_number_ = number;
  }
  return weight_;
}

py::object StepTable::step(py::handle key, py::handle param, py::handle grad) {
  if (version_ == 0) return py::none();
  const std::size_t number = find(key);
  if (number == kNowhere) return py::none();
  const bool in_order = number == expected_;
  expected_ = number + 1 == places_.size() ? 0 : number + 1;
  const Place place = places_[number];  // a copy: another thread may put a key meanwhile
  const double weight = weight_at(place.plan->average_count(place.index) + 1);
  const auto groups = groups_;
  const auto options = options_;
  const PyPlan::Outcome outcome = place.plan->step_alone(place.index, param, grad, {groups, options, weight, version_});
  if (in_order && expected_ < places_.size()) places_[expected_].plan->prefetch_alone(places_[expected_].index);
  switch (outcome) {
    case PyPlan::Outcome::kStepped: return py::bool_(true);
    case PyPlan::Outcome::kSkipped: return py::bool_(false);
    case PyPlan::Outcome::kRefused: break;
  }
  return py::none();
}

void register_step_table(py::module_& m) {
  py::class_<StepTable> cls(m, "StepTable");
  define_method(cls, &kStepOfTable);
  cls.def(py::init<py::object>(), py::arg("weight_of") = py::none())
      .def("put", &StepTable::put, py::arg("key"), py::arg("plan"), py::arg("index"))
      .def("remove", &StepTable::remove, py::arg("key"))
      .def("prepare", &StepTable::prepare, py::arg("groups"), py::arg("options"))
      .def("forget", &StepTable::forget);
}

}  // namespace adamas::bindings
