// Every update rule: X(name, type). The order is the order of the kernel tables and of enum class Rule.
#pragma once

#include "rules/adam.hpp"

#define ADAMAS_RULES(X)      \
  X("adam", AdamRule<false>) \
  X("amsgrad", AdamRule<true>)
