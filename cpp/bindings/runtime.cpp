// Instruction set, threads, and information about this build.
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

ThreadLimit limit() {
  ThreadLimit limit{};
  throw_on_error(thread_limit(&limit));
  return limit;
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

// "signed", or "signed / exp_avg_sq" for a state that is quantised as a quotient; "row" or "column" for one along that.
std::string describe(const StateInfo& state) {
  if (state.extent != StateExtent::kElement) return state.extent == StateExtent::kRow ? "row" : "column";
  const std::string kind = kind_name(state.kind);
  return state.divisor == nullptr ? kind : kind + " / " + state.divisor;
}

// The kinds of its states.
py::dict states_of(const RuleInfo& rule) {
  py::dict states;
  for (int k = 0; k < rule.state_count; ++k) states[rule.states[k].name] = describe(rule.states[k]);
  return states;
}

py::dict first_values(const ScalarInfo* scalars, int count) {
  py::dict first;
  for (int k = 0; k < count; ++k) first[scalars[k].name] = scalars[k].initial;
  return first;
}

// The first values of its scalars, and of those that all parameters share.
py::dict scalars_of(const RuleInfo& rule) { return first_values(rule.scalars, rule.scalar_count); }
py::dict shared_scalars_of(const RuleInfo& rule) { return first_values(rule.shared_scalars, rule.shared_scalar_count); }

// The names of its sums.
py::tuple sums_of(const RuleInfo& rule) {
  py::tuple sums(rule.sum_count);
  for (int k = 0; k < rule.sum_count; ++k) sums[static_cast<std::size_t>(k)] = rule.sums[k];
  return sums;
}

// The name of a state, or None for -1.
py::object name_of(const RuleInfo& rule, int state) {
  return state < 0 ? py::none() : py::object(py::str(rule.states[state].name));
}

// Every rule by its name.
py::dict rules() {
  py::dict table;
  for (int i = 0; i < rule_count(); ++i) {
    const RuleInfo& info = rule_info(static_cast<Rule>(i));
    table[info.name] = py::cast(info, py::return_value_policy::reference);
  }
  return table;
}

void register_rule_info(py::module_& m) {
  py::class_<RuleInfo>(m, "RuleInfo")
      .def_property_readonly("name", [](const RuleInfo& rule) { return rule.name; })
      .def_property_readonly("states", &states_of)
      .def_property_readonly("scalars", &scalars_of)
      .def_property_readonly("shared_scalars", &shared_scalars_of)
      .def_property_readonly("own_decay", [](const RuleInfo& rule) { return rule.own_decay; })
      .def_property_readonly("sums", &sums_of)
      .def_property_readonly("has_closed_form", [](const RuleInfo& rule) { return rule.has_closed_form; })
      .def_property_readonly("cautious", [](const RuleInfo& rule) { return rule.cautious; })
      .def_property_readonly("follows_average", [](const RuleInfo& rule) { return rule.follows_average; })
      .def_property_readonly("steps_rows", &RuleInfo::steps_rows)
      .def_property_readonly("starts_at_param",
                             [](const RuleInfo& rule) { return name_of(rule, rule.starts_at_param); })
      .def_property_readonly("unchanged_state",
                             [](const RuleInfo& rule) { return name_of(rule, rule.unchanged_state); });
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
  py::class_<ThreadLimit>(m, "ThreadLimit")
      .def_property_readonly("count", [](const ThreadLimit& limit) { return limit.count; })
      .def_property_readonly("reason", [](const ThreadLimit& limit) { return message(limit.reason); });
  m.def("thread_limit", &limit);
  m.def("set_num_threads", [](int count) { throw_on_error(set_num_threads(count)); }, py::arg("count"));
  m.def("bytes_per_thread", &bytes_per_thread);
  m.def("set_bytes_per_thread", &set_bytes_per_thread, py::arg("count"));
  m.def("openmp_runtime", &openmp_runtime);
  m.def("set_flush_denormals", &set_flush_denormals, py::arg("enabled"));
  m.def("flush_denormals", &flush_denormals);
  register_rule_info(m);
  m.def("rules", &rules);
}

}  // namespace adamas::bindings
