#include "sides.hpp"

#include "numbers.hpp"

namespace bench {
namespace {

// Values for all rules at once: each reads those that it knows.
adamas::Hyperparameters hyperparameters() {
  adamas::Hyperparameters h;
  h.weight_decay = 1e-2;
  h.decay = adamas::Decay::kDecoupled;
  h.beta3 = 0.99;
  h.alpha = 0.99;
  h.eps_root = 1e-16;
  h.momentum = 0.9;
  h.momentum_decay = 4e-3;
  h.weight_lr_power = 2.0;
  return h;
}

// The states begin as zeros. So many steps make ordinary numbers of them.
constexpr int kFirstSteps = 3;

void fill(const Case& wanted, const Streams& streams) {
  const adamas::DType dtype = wanted.format.param;
  Numbers numbers;
  numbers.fill(dtype, streams.param(), wanted.size, 0);
  for (std::size_t set = 0; set < streams.gradient_sets(); ++set) {
    numbers.fill(dtype, streams.grad(set), wanted.size, -6);
  }
  // It should begin as a copy of the parameter, but no step takes longer if it does not.
  if (wanted.format.residue == adamas::Residue::kMaster) {
    numbers.fill(adamas::DType::kFloat32, streams.residue(), wanted.size, 0);
  }
}

}  // namespace

StepSide::StepSide(const Case& wanted, std::size_t gradient_sets, int threads)
    : streams_(wanted, gradient_sets), hyperparameters_(hyperparameters()), threads_(threads) {
  fill(wanted, streams_);
  adamas::Parameter parameter;
  parameter.param = streams_.param();
  parameter.residue = streams_.residue();
  for (int k = 0; k < adamas::kMaxStates; ++k) parameter.states[k] = streams_.state(k);
  parameter.size = wanted.size;
  parameter.dtype = wanted.format.param;
  parameter.state_format = wanted.format.states;
  parameter.residue_kind = wanted.format.residue;
  parameter.rule = wanted.rule;
  check(plan_.add(parameter), "add");
  // A rule of which there is a twin with momentum refuses one.
  if (step() == adamas::Status::kInvalidHyperparameter) hyperparameters_.momentum = 0.0;
  for (int i = 0; i < kFirstSteps; ++i) (*this)();
}

adamas::Status StepSide::step() {
  const void* const grads[] = {streams_.next_grad()};
  adamas::StepInputs inputs;
  inputs.grads = grads;
  inputs.groups = &hyperparameters_;
  inputs.group_count = 1;
  inputs.threads = threads_;
  return plan_.step(inputs);
}

Case LimitSide::stand_in(const Case& wanted) {
  Case plain{
      wanted.rule, {"float32", adamas::DType::kFloat32, adamas::StateFormat::kFloat32, adamas::Residue::kNone}, 1};
  plain.size = traffic(wanted) / traffic(plain);
  return plain;
}

LimitSide::LimitSide(const Case& wanted, std::size_t gradient_sets, int threads)
    : streams_(stand_in(wanted), gradient_sets),
      size_(stand_in(wanted).size),
      state_count_(adamas::rule_info(wanted.rule).state_count),
      takes_norms_(takes_norms(wanted.rule)),
      threads_(threads) {
  fill(stand_in(wanted), streams_);
  for (int i = 0; i < kFirstSteps; ++i) (*this)();
}

void LimitSide::operator()() {
  auto* const param = static_cast<float*>(streams_.param());
  const auto* const grad = static_cast<const float*>(streams_.next_grad());
  float* states[adamas::kMaxStates];
  for (int k = 0; k < adamas::kMaxStates; ++k) states[k] = static_cast<float*>(streams_.state(k));
  const auto pass = [&](bool read_only) {
    check(adamas::byte_limit(param, grad, states, state_count_, size_, threads_, read_only), "byte_limit");
  };
  if (takes_norms_) pass(true);
  pass(false);
}

}  // namespace bench
