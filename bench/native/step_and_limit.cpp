#include "step_and_limit.hpp"

#include "numbers.hpp"
#include "probes/byte_limit.hpp"

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

void fill(const Case& wanted, const StepArrays& arrays) {
  const adamas::DType dtype = wanted.format.param;
  Numbers numbers;
  numbers.fill(dtype, arrays.param(), wanted.size, 0);
  for (std::size_t set = 0; set < arrays.gradient_sets(); ++set) {
    numbers.fill(dtype, arrays.grad(set), wanted.size, -6);
  }
  // It should begin as a copy of the parameter, but no step takes longer if it does not.
  if (wanted.format.residue == adamas::Residue::kMaster) {
    numbers.fill(adamas::DType::kFloat32, arrays.residue(), wanted.size, 0);
  }
}

}  // namespace

MeasuredStep::MeasuredStep(const Case& wanted, std::size_t gradient_sets, int threads)
    : arrays_(wanted, gradient_sets), hyperparameters_(hyperparameters()), threads_(threads) {
  fill(wanted, arrays_);
  adamas::Parameter parameter;
  parameter.param = arrays_.param();
  parameter.residue = arrays_.residue();
  for (int k = 0; k < adamas::kMaxStates; ++k) parameter.states[k] = arrays_.state(k);
  parameter.size = wanted.size;
  parameter.dtype = wanted.format.param;
  parameter.state_format = wanted.format.states;
  parameter.residue_kind = wanted.format.residue;
  parameter.rule = wanted.rule;
  parameter.matrix_rows = matrix_rows(wanted.size);
  parameter.matrix_columns = wanted.size / parameter.matrix_rows;
  check(plan_.add(parameter), "add");
  // A rule of which there is a twin with momentum refuses one.
  if (step() == adamas::Status::kInvalidHyperparameter) hyperparameters_.momentum = 0.0;
  for (int i = 0; i < kFirstSteps; ++i) (*this)();
}

adamas::Status MeasuredStep::step() {
  const void* const grads[] = {arrays_.next_grad()};
  adamas::StepInputs inputs;
  inputs.grads = grads;
  inputs.groups = &hyperparameters_;
  inputs.group_count = 1;
  inputs.threads = threads_;
  return plan_.step(inputs);
}

Case ByteLimit::stand_in(const Case& wanted) {
  Case plain{
      wanted.rule, {"float32", adamas::DType::kFloat32, adamas::StateFormat::kFloat32, adamas::Residue::kNone}, 1};
  plain.size = traffic(wanted) / traffic(plain);
  return plain;
}

ByteLimit::ByteLimit(const Case& wanted, std::size_t gradient_sets, int threads)
    : arrays_(stand_in(wanted), gradient_sets),
      size_(stand_in(wanted).size),
      state_count_(adamas::rule_info(wanted.rule).state_count),
      takes_sums_(takes_sums(wanted.rule)),
      threads_(threads) {
  fill(stand_in(wanted), arrays_);
  for (int i = 0; i < kFirstSteps; ++i) (*this)();
}

void ByteLimit::operator()() {
  auto* const param = static_cast<float*>(arrays_.param());
  const auto* const grad = static_cast<const float*>(arrays_.next_grad());
  float* states[adamas::kMaxStates];
  for (int k = 0; k < adamas::kMaxStates; ++k) states[k] = static_cast<float*>(arrays_.state(k));
  const auto pass = [&](bool read_only) {
    check(adamas::probes::byte_limit(param, grad, states, state_count_, size_, threads_, read_only), "byte_limit");
  };
  if (takes_sums_) pass(true);
  pass(false);
}

}  // namespace bench
