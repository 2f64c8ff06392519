#include "cases.hpp"

#include <cstdio>
#include <cstdlib>
#include <limits>

namespace bench {
namespace {

using adamas::DType;
using adamas::Residue;
using adamas::StateFormat;

// The names of enumerators; null for what is none. The compiler warns if one is left out.
const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return "float32";
    case DType::kFloat64: return "float64";
    case DType::kBfloat16: return "bfloat16";
    case DType::kFloat16: return "float16";
  }
  return nullptr;
}

const char* name_of(StateFormat format) {
  switch (format) {
    case StateFormat::kFloat32: return "float32";
    case StateFormat::kFloat64: return "float64";
    case StateFormat::kBfloat16: return "bfloat16";
    case StateFormat::kInt8: return "int8";
    case StateFormat::kInt4: return "int4";
  }
  return nullptr;
}

const char* name_of(Residue residue) {
  switch (residue) {
    case Residue::kNone: return "none";
    case Residue::kStochastic: return "stochastic";
    case Residue::kKahan: return "kahan";
    case Residue::kMaster: return "master";
    case Residue::kSplit32: return "split32";
    case Residue::kSplit24: return "split24";
  }
  return nullptr;
}

// All enumerators: what has a name.
template <class Enum>
std::vector<Enum> all() {
  std::vector<Enum> found;
  for (int i = 0; i <= std::numeric_limits<std::uint8_t>::max(); ++i) {
    if (name_of(static_cast<Enum>(i)) != nullptr) found.push_back(static_cast<Enum>(i));
  }
  return found;
}

}  // namespace

std::vector<adamas::Rule> rules() {
  std::vector<adamas::Rule> found;
  for (int i = 0; i < adamas::rule_count(); ++i) found.push_back(static_cast<adamas::Rule>(i));
  return found;
}

std::vector<Format> formats() {
  std::vector<Format> found;
  for (const DType param : all<DType>()) {
    for (const StateFormat states : all<StateFormat>()) {
      for (const Residue residue : all<Residue>()) {
        if (!adamas::formats_fit(param, states, residue)) continue;
        std::string name = name_of(param);
        if (name != name_of(states)) name += std::string("-") + name_of(states);
        if (residue != Residue::kNone) name += std::string("-") + name_of(residue);
        found.push_back({name, param, states, residue});
      }
    }
  }
  return found;
}

std::vector<std::string> available_isas() {
  std::vector<std::string> found;
  for (int i = 0; i < adamas::isa_count(); ++i) {
    if (adamas::isa_available(i)) found.emplace_back(adamas::isa_name(i));
  }
  return found;
}

void check(adamas::Status status, const char* what) {
  if (status == adamas::Status::kOk) return;
  std::fprintf(stderr, "%s: %s\n", what, adamas::message(status));
  std::exit(1);
}

}  // namespace bench
