#include <adamas/rules.hpp>

#include <cstring>

#include "rules/registry.hpp"

namespace adamas {
namespace {

template <class R>
constexpr RuleInfo describe(const char* name) {
  static_assert(R::kStateCount <= kMaxStates && R::kScalarCount <= kMaxScalars && R::kSumCount <= kMaxSums &&
                R::kSharedScalarCount <= kMaxSharedScalars);
  static_assert(sizeof(typename R::template States<float>) / sizeof(float*) == R::kStateCount);
  static_assert(sizeof(typename R::Scalars) / sizeof(double*) == R::kScalarCount);
  static_assert(sizeof(typename R::SharedScalars) / sizeof(double*) == R::kSharedScalarCount);
  static_assert(sizeof(typename R::template Sums<double>) / sizeof(double) == R::kSumCount);
  RuleInfo info{};
  info.name = name;
  info.state_count = R::kStateCount;
  info.scalar_count = R::kScalarCount;
  info.shared_scalar_count = R::kSharedScalarCount;
  info.sum_count = R::kSumCount;
  info.own_decay = R::kOwnDecay;
  info.has_closed_form = R::kHasClosedForm;
  info.starts_at_param = R::kStartsAtParam;
  info.unchanged_state = R::kUnchangedState;
  info.cautious = R::kCautious;
  info.follows_average = R::kFollowsAverage;
  for (int k = 0; k < R::kStateCount; ++k) info.states[k] = R::kStates[k];
  for (int k = 0; k < R::kScalarCount; ++k) info.scalars[k] = R::kScalars[k];
  for (int k = 0; k < R::kSharedScalarCount; ++k) info.shared_scalars[k] = R::kSharedScalars[k];
  for (int k = 0; k < R::kSumCount; ++k) info.sums[k] = R::kSums[k];
  return info;
}

#define ADAMAS_CELL(name, ...) describe<__VA_ARGS__>(name),
constexpr RuleInfo kRules[] = {ADAMAS_RULES(ADAMAS_CELL)};
#undef ADAMAS_CELL

}  // namespace

int rule_count() noexcept { return static_cast<int>(sizeof kRules / sizeof *kRules); }

const RuleInfo& rule_info(Rule rule) noexcept { return kRules[static_cast<int>(rule)]; }

bool find_rule(const char* name, Rule* rule) noexcept {
  for (int i = 0; i < rule_count(); ++i) {
    if (std::strcmp(kRules[i].name, name) == 0) {
      *rule = static_cast<Rule>(i);
      return true;
    }
  }
  return false;
}

}  // namespace adamas
