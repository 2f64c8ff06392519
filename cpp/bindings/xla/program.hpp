// What a step does, apart from where its arrays lie: a runtime that holds all buffers itself, as XLA does, keeps this
// as bytes in a compiled program, and gives it back with the buffers of each step.
#pragma once

#include <adamas/plan.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace adamas::bindings::xla {

constexpr std::uint32_t kNowhere = 0xFFFFFFFF;

// Part of a buffer: where it begins, in bytes.
struct Place {
  std::uint32_t buffer = kNowhere;
  std::uint32_t padding = 0;
  std::uint64_t offset = 0;
};

// A parameter without its pointers, and where in the buffers of all its states lie.
struct ProgramParameter {
  Parameter parameter;
  Place states[kMaxStates];
  Place residue;
  Place average;
  std::uint64_t has_gradient = 1;
  std::uint64_t first_element = 0;  // if one buffer holds all parameters, and one all gradients
};

// A number that comes with each step instead, or factor * that number^power: `offset` bytes into the hyperparameters of
// a group, or, of kOptions, into the options.
constexpr std::uint32_t kOptions = 0xFFFFFFFF;
struct ProgramOperand {
  std::uint32_t group = 0;
  std::uint32_t offset = 0;
  double factor = 1.0;
  std::int64_t power = 1;  // -1, 1 or 2; the reciprocal of 0 is a large number, and a negative number has none

  double at(double given) const;
};

// How averages are kept (adamas/averaging.py).
enum class AverageKind : std::uint32_t { kNone, kEma, kEmaCorrected, kEmaWarmup, kSwa };
struct ProgramAverage {
  AverageKind kind = AverageKind::kNone;
  std::uint32_t padding = 0;
  double decay = 0.0;
  std::int64_t start = 1;
  std::int64_t every = 1;

  // The weight of the parameters in the step of this number, from 1; 0 if they are not averaged then.
  double weight_at(std::int64_t step) const;
};

// Bytes of what was observed of so many parameters: the number of the step (0 for none), and the measures, float64.
std::size_t observed_bytes(std::size_t params);

struct Program {
  StepOptions options;  // without pointers
  ProgramAverage average;
  int threads = 0;
  std::uint32_t observe = 0;   // every so many-th step, the first one on; 0 for none
  std::uint32_t scalars = 0;   // all that rules keep for single parameters, and then those of all
  std::uint64_t elements = 0;  // of the one buffer that holds all parameters; 0 if each has its own
  // Of the buffers, in bytes: states; what was observed, if steps are; and scalars, if there are some.
  std::vector<std::uint64_t> sizes;
  std::vector<Hyperparameters> groups;
  std::vector<ProgramOperand> operands;
  std::vector<ProgramParameter> parameters;

  bool is_flat() const { return elements != 0; }
  // How many buffers hold the parameters, and of how many bytes each is; and how many hold the gradients.
  std::size_t param_count() const { return is_flat() ? 1 : parameters.size(); }
  std::size_t param_bytes(std::size_t index) const;
  std::size_t gradient_count() const;

  // A whole number of words of 8 bytes.
  std::string encode() const;
  // Throws std::invalid_argument if another version of adamas has encoded it.
  static Program decode(std::string_view bytes);
};

}  // namespace adamas::bindings::xla
