// Every update rule: X(name, type). The order is the order of the kernel tables and of enum class Rule.
#pragma once

#include "rules/adabelief.hpp"
#include "rules/adadelta.hpp"
#include "rules/adafactor.hpp"
#include "rules/adagrad.hpp"
#include "rules/adam.hpp"
#include "rules/adam_atan2.hpp"
#include "rules/adam_mini.hpp"
#include "rules/adamax.hpp"
#include "rules/adan.hpp"
#include "rules/ademamix.hpp"
#include "rules/adopt.hpp"
#include "rules/lamb.hpp"
#include "rules/laprop.hpp"
#include "rules/lars.hpp"
#include "rules/lion.hpp"
#include "rules/mars.hpp"
#include "rules/nadam.hpp"
#include "rules/novograd.hpp"
#include "rules/prodigy.hpp"
#include "rules/radam.hpp"
#include "rules/rmsprop.hpp"
#include "rules/rprop.hpp"
#include "rules/schedule_free.hpp"
#include "rules/sgd.hpp"
#include "rules/stable_adamw.hpp"
#include "rules/yogi.hpp"

#define ADAMAS_RULES(X)                                     \
  X("adam", AdamRule<false>)                                \
  X("amsgrad", AdamRule<true>)                              \
  X("nadam", NAdamRule)                                     \
  X("radam", RAdamRule)                                     \
  X("adamax", AdamaxRule)                                   \
  X("adabelief", AdaBeliefRule)                             \
  X("yogi", YogiRule)                                       \
  X("adagrad", AdagradRule)                                 \
  X("rmsprop", RmspropRule<false, false>)                   \
  X("rmsprop_momentum", RmspropRule<false, true>)           \
  X("rmsprop_centered", RmspropRule<true, false>)           \
  X("rmsprop_centered_momentum", RmspropRule<true, true>)   \
  X("lion", LionRule)                                       \
  X("lamb", LambRule)                                       \
  X("adan", AdanRule)                                       \
  X("adopt", AdoptRule)                                     \
  X("ademamix", AdemamixRule)                               \
  X("schedule_free", ScheduleFreeRule<false>)               \
  X("sgd", SgdRule<Momentum::kNone>)                        \
  X("sgd_momentum", SgdRule<Momentum::kHeavyBall>)          \
  X("sgd_nesterov", SgdRule<Momentum::kNesterov>)           \
  X("schedule_free_radam", ScheduleFreeRule<true>)          \
  X("schedule_free_sgd", ScheduleFreeSgdRule)               \
  X("adadelta", AdadeltaRule)                               \
  X("laprop", LaPropRule)                                   \
  X("adam_atan2", AdamAtan2Rule)                            \
  X("stable_adamw", StableAdamWRule)                        \
  X("mars", MarsRule)                                       \
  X("lars", LarsRule)                                       \
  X("novograd", NovoGradRule)                               \
  X("rprop", RpropRule)                                     \
  X("prodigy", ProdigyRule)                                 \
  X("adafactor", AdafactorRule<false>)                      \
  X("adafactor_momentum", AdafactorRule<true>)              \
  X("adafactor_vector", AdafactorVectorRule<false>)         \
  X("adafactor_vector_momentum", AdafactorVectorRule<true>) \
  X("adam_mini", AdamMiniRule)                              \
  X("adam_mini_elements", AdamMiniElementsRule)
