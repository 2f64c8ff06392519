#include "report.hpp"

#include <utility>

namespace adamas::bindings {
namespace {

// In the order of ReportType::make().
constexpr const char* kFields[] = {"step",    "updated",   "grad_norm", "clip_coefficient",
                                   "skipped", "nonfinite", "copied"};

}  // namespace

ReportType::ReportType(py::object type) : type_(std::move(type)) {
  static_assert(sizeof kFields / sizeof *kFields == kFieldCount);
  if (!PyType_Check(type_.ptr()) ||
      PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(type_.ptr()), &PyTuple_Type) == 0) {
    throw py::type_error("report_type: expected a tuple type");
  }
  const py::tuple fields = type_.attr("_fields");
  if (fields.size() != kFieldCount) throw py::type_error("report_type: expected the fields of a StepReport");
  for (std::size_t k = 0; k < kFieldCount; ++k) {
    places_[k] = PySequence_Index(fields.ptr(), py::str(kFields[k]).ptr());
    if (places_[k] < 0) throw py::error_already_set();
  }
}

py::object ReportType::make(long long completed, const StepInfo& info, std::size_t copied) const {
  // As the type itself would, but without a tuple of arguments: allocated with room for the items.
  auto* const type = reinterpret_cast<PyTypeObject*>(type_.ptr());
  auto made = py::reinterpret_steal<py::object>(type->tp_alloc(type, kFieldCount));
  if (!made) throw py::error_already_set();
  auto place = places_.begin();
  const auto add = [&](PyObject* value) {
    if (value == nullptr) throw py::error_already_set();
    PyTuple_SET_ITEM(made.ptr(), *place++, value);
  };
  const auto add_if = [&](bool there, auto make_value) { add(there ? make_value() : py::none().release().ptr()); };
  add(PyLong_FromLongLong(completed));
  add(PyLong_FromSize_t(info.updated));
  add_if(info.has_norm, [&] { return PyFloat_FromDouble(info.grad_norm); });
  add_if(info.has_norm, [&] { return PyFloat_FromDouble(info.clip_coefficient); });
  add(PyBool_FromLong(info.skipped));
  add_if(info.nonfinite != kNoParameter, [&] { return PyLong_FromSize_t(info.nonfinite); });
  add(PyLong_FromSize_t(copied));
  return made;
}

}  // namespace adamas::bindings
