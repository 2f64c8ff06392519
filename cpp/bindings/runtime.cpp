// Instruction set, threads, and what this build is.
#include <adamas/float_mode.hpp>
#include <adamas/isa.hpp>
#include <adamas/rules.hpp>
#include <adamas/threads.hpp>
#include <adamas/version.hpp>

#include <string>

#include "errors.hpp"
#include "register.hpp"

namespace adamas::bindings {
namespace {

namespace py = pybind11;

#if defined(__clang__)
constexpr const char* kCompiler = "Clang " __clang_version__;
#elif defined(__GNUC__)
constexpr const char* kCompiler = "GCC " __VERSION__;
#else
constexpr const char* kCompiler = "unknown";
#endif

py::list isas(bool only_available) {
  py::list names;
  for (int i = 0; i < isa_count(); ++i) {
    if (!only_available || isa_available(i)) names.append(isa_name(i));
  }
  return names;
}

std::string active() {
  const char* name = nullptr;
  throw_on_error(active_isa(&name));
  return name;
}

void use(const std::string& name) {
  if (const Status status = use_isa(name.c_str()); status != Status::kOk) throw_isa_error("use_isa", name, status);
}

py::tuple limit() {
  ThreadLimit limit{};
  throw_on_error(thread_limit(&limit));
  return py::make_tuple(limit.count, message(limit.reason));
}

const char* kind_name(StateKind kind) {
  switch (kind) {
    case StateKind::kSigned: return "signed";
    case StateKind::kSquare: return "square";
    case StateKind::kMagnitude: return "magnitude";
    case StateKind::kExact: return "exact";
  }
  return "";
}

// "signed", or "signed / exp_avg_sq" for a state that is quantised as a quotient.
std::string describe(const StateInfo& state) {
  const std::string kind = kind_name(state.kind);
  return state.divisor == nullptr ? kind : kind + " / " + state.divisor;
}

// Of each rule: its states with their kinds, and its scalars with their first values.
py::dict rules() {
  py::dict table;
  for (int i = 0; i < rule_count(); ++i) {
    const RuleInfo& info = rule_info(static_cast<Rule>(i));
    py::dict states;
    for (int k = 0; k < info.state_count; ++k) states[info.states[k].name] = describe(info.states[k]);
    py::dict scalars;
    for (int k = 0; k < info.scalar_count; ++k) scalars[info.scalars[k].name] = info.scalars[k].initial;
    table[info.name] = py::make_tuple(states, scalars);
  }
  return table;
}

}  // namespace

void register_runtime(py::module_& m) {
  m.attr("__version__") = ADAMAS_VERSION;
  m.attr("compiler") = kCompiler;
  m.attr("max_threads") = kMaxThreads;
  m.def("compiled_isas", [] { return isas(false); });
  m.def("available_isas", [] { return isas(true); });
  m.def("active_isa", &active);
  m.def("use_isa", &use, py::arg("name"));
  m.def("thread_limit", &limit);
  m.def("set_num_threads", [](int count) { throw_on_error(set_num_threads(count)); }, py::arg("count"));
  m.def("bytes_per_thread", &bytes_per_thread);
  m.def("set_bytes_per_thread", &set_bytes_per_thread, py::arg("count"));
  m.def("openmp_runtime", &openmp_runtime);
  m.def("set_flush_denormals", &set_flush_denormals, py::arg("enabled"));
  m.def("flush_denormals", &flush_denormals);
  m.def("rules", &rules);
}

}  // namespace adamas::bindings
