// The update rules that this build knows, and what each of them keeps per parameter.
#pragma once

#include <cstdint>

namespace adamas {

// Index of an update rule; rule_info() names it and find_rule() finds it by name.
enum class Rule : std::uint8_t;

constexpr int kMaxStates = 3;

struct RuleInfo {
  const char* name;
  int state_count;
  const char* states[kMaxStates];  // names of the state arrays, in the order of Tensor::states
};

int rule_count() noexcept;
const RuleInfo& rule_info(Rule rule) noexcept;

// True, and the rule in *rule, if there is one of that name ("adam", "amsgrad", ...).
bool find_rule(const char* name, Rule* rule) noexcept;

}  // namespace adamas
