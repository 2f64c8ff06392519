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
  const auto if_measured = [&](double value) { return info.has_norm ? py::object(py::float_(value)) : py::none(); };
  py::object values[kFieldCount] = {
      py::int_(completed),
      py::int_(info.updated),
      if_measured(info.grad_norm),
      if_measured(info.clip_coefficient),
      py::bool_(info.skipped),
      info.nonfinite == kNoParameter ? py::none() : py::object(py::int_(info.nonfinite)),
      py::int_(copied),
  };
  const py::tuple fields(kFieldCount);
  for (std::size_t k = 0; k < kFieldCount; ++k) PyTuple_SET_ITEM(fields.ptr(), places_[k], values[k].release().ptr());
  const py::tuple arguments = py::make_tuple(fields);
  PyObject* made = PyTuple_Type.tp_new(reinterpret_cast<PyTypeObject*>(type_.ptr()), arguments.ptr(), nullptr);
  if (made == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(made);
}

}  // namespace adamas::bindings
