// The core's enumerations, by the names that users know their members by.
#include <adamas/plan.hpp>
#include <adamas/types.hpp>

#include "register.hpp"

namespace adamas::bindings {

namespace py = pybind11;

void register_enums(py::module_& m) {
  py::enum_<DType>(m, "DType", "Element type of a parameter, a gradient, an average or a copy.")
      .value("float32", DType::kFloat32)
      .value("float64", DType::kFloat64)
      .value("bfloat16", DType::kBfloat16)
      .value("float16", DType::kFloat16);
  py::enum_<StateFormat>(m, "StateFormat", "How states are kept.")
      .value("float32", StateFormat::kFloat32)
      .value("float64", StateFormat::kFloat64)
      .value("bfloat16", StateFormat::kBfloat16)
      .value("int8", StateFormat::kInt8)
      .value("int4", StateFormat::kInt4);
  py::enum_<Residue>(m, "Residue", "What becomes of what rounding a parameter to 16 bits cuts off.")
      .value("none", Residue::kNone)
      .value("stochastic", Residue::kStochastic)
      .value("kahan", Residue::kKahan)
      .value("master", Residue::kMaster)
      .value("split32", Residue::kSplit32)
      .value("split24", Residue::kSplit24);
  py::enum_<RowMode>(m, "RowMode", "What becomes of rows without a gradient.")
      .value("lazy", RowMode::kLazy)
      .value("exact", RowMode::kExact);
}

}  // namespace adamas::bindings
