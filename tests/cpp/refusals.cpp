#include <limits>
#include <vector>

#include "exercise.hpp"

namespace exercise {

// Errors come as a status, and leave everything as it was.
void check_refusals() {
  float p[4] = {1, 2, 3, 4};
  float m[4] = {};
  float v[4] = {};
  float g[4] = {1, 1, 1, 1};
  adamas::Parameter parameter;
  parameter.param = p;
  parameter.states[0] = m;
  parameter.states[1] = v;
  parameter.size = 4;
  adamas::Plan plan;
  const auto expect = [](adamas::Status actual, adamas::Status wanted) {
    if (actual == wanted) return;
    std::fprintf(stderr, "got '%s' instead of '%s'\n", adamas::message(actual), adamas::message(wanted));
    std::exit(1);
  };
  adamas::Parameter bad = parameter;
  bad.states[1] = nullptr;
  expect(plan.add(bad), adamas::Status::kNullPointer);
  bad = parameter;
  bad.param = reinterpret_cast<char*>(p) + 1;
  expect(plan.add(bad), adamas::Status::kMisaligned);
  bad = parameter;
  bad.state_format = adamas::StateFormat::kFloat64;  // of float32 parameters
  expect(plan.add(bad), adamas::Status::kInvalidParameter);
  bad = parameter;
  bad.residue_kind = adamas::Residue::kMaster;
  expect(plan.add(bad), adamas::Status::kInvalidParameter);
  bad = parameter;
  bad.dtype = adamas::DType::kBfloat16;
  bad.residue_kind = adamas::Residue::kSplit32;
  expect(plan.add(bad), adamas::Status::kNullPointer);
  bad = parameter;
  bad.rule = static_cast<adamas::Rule>(99);
  expect(plan.add(bad), adamas::Status::kInvalidParameter);
  check(plan.add(parameter), "add");

  const void* grads[] = {g};
  adamas::Hyperparameters h;
  adamas::StepInputs good;
  good.grads = grads;
  good.groups = &h;
  good.group_count = 1;
  adamas::StepInputs inputs = good;
  inputs.group_count = 0;
  expect(plan.step(inputs), adamas::Status::kInvalidParameter);
  expect(plan.step_one(0, inputs), adamas::Status::kInvalidParameter);
  inputs = good;
  inputs.grads = nullptr;
  expect(plan.step(inputs), adamas::Status::kNullPointer);
  expect(plan.step_one(0, inputs), adamas::Status::kNullPointer);
  adamas::StepOptions options;
  options.max_norm = 0.0;
  inputs = good;
  inputs.options = &options;
  expect(plan.step(inputs), adamas::Status::kInvalidHyperparameter);
  options = {};
  options.skip_nonfinite = true;
  g[2] = std::numeric_limits<float>::infinity();
  adamas::StepInfo info;
  check(plan.step(inputs, &info), "step");  // skips, as is seen below
  expect(info.skipped && info.nonfinite == 0 ? adamas::Status::kOk : adamas::Status::kInvalidParameter,
         adamas::Status::kOk);
  g[2] = 1;
  h.decay = adamas::Decay::kCorrected;
  for (const double max_lr : {0.0, -1.0, std::numeric_limits<double>::infinity()}) {
    h.max_lr = max_lr;
    expect(plan.step(good), adamas::Status::kInvalidHyperparameter);
  }
  h = {};
  float q[4] = {1, 2, 3, 4};
  for (const char* name : {"sgd", "adadelta", "lamb"}) {  // it has no memory, or its change depends on the parameter
    float states[2][4] = {};
    adamas::Parameter other;
    other.param = q;
    other.size = 4;
    for (int k = 0; k < 2; ++k) other.states[k] = states[k];
    adamas::find_rule(name, &other.rule);
    adamas::Plan careful;
    check(careful.add(other), "add");
    h.cautious = true;
    expect(careful.step(good), adamas::Status::kInvalidHyperparameter);
    h = {};
    h.decay = adamas::Decay::kIndependent;
    h.max_lr = 1.0;
    if (adamas::rule_info(other.rule).own_decay) expect(careful.step(good), adamas::Status::kInvalidHyperparameter);
    h = {};
  }
  expect(q[3] == 4 ? adamas::Status::kOk : adamas::Status::kInvalidParameter, adamas::Status::kOk);
  inputs = good;
  inputs.groups = nullptr;
  expect(plan.step(inputs), adamas::Status::kNullPointer);
  expect(plan.set_step_count(0, -5), adamas::Status::kInvalidParameter);
  expect(plan.set_step_count(1, 5), adamas::Status::kInvalidParameter);
  expect(adamas::use_isa(nullptr), adamas::Status::kNullPointer);
  inputs = good;
  inputs.threads = -1;
  expect(plan.step(inputs), adamas::Status::kInvalidThreads);
  h.lr = -1;
  expect(plan.step(good), adamas::Status::kInvalidHyperparameter);
  h = {};
  const void* overlapping[] = {p};
  inputs = good;
  inputs.grads = overlapping;
  expect(plan.step(inputs), adamas::Status::kOverlap);
  expect(adamas::use_isa("mmx"), adamas::Status::kUnknownIsa);
  expect(plan.step_count(0) == 0 && p[0] == 1 && m[0] == 0 && v[0] == 0 ? adamas::Status::kOk
                                                                        : adamas::Status::kInvalidParameter,
         adamas::Status::kOk);
  check(plan.step(good), "step");

  // Numbers that all parameters share.
  adamas::Plan sharing;
  adamas::Parameter shares = parameter;
  float s[4] = {};
  float p0[4] = {};
  shares.states[2] = s;
  shares.states[3] = p0;
  if (!adamas::find_rule("prodigy", &shares.rule)) std::exit(1);
  expect(plan.set_shared_scalar(0, 1.0), adamas::Status::kInvalidParameter);
  expect(sharing.set_shared_scalar(0, 1.0), adamas::Status::kInvalidParameter);
  check(sharing.add(shares), "add");
  expect(sharing.set_shared_scalar(-1, 1.0), adamas::Status::kInvalidParameter);
  expect(sharing.set_shared_scalar(sharing.shared_scalar_count(), 1.0), adamas::Status::kInvalidParameter);
  expect(sharing.set_shared_scalar(0, std::numeric_limits<double>::infinity()), adamas::Status::kInvalidHyperparameter);
  check(sharing.set_shared_scalar(0, 0.5), "set_shared_scalar");
  expect(sharing.step_one(0, good), adamas::Status::kInvalidParameter);
  h.d0 = 0.0;
  expect(sharing.step(good), adamas::Status::kInvalidHyperparameter);
  h = {};
  expect(sharing.shared_scalar(0) == 0.5 && sharing.shared_scalar(-1) == 0.0 && p[0] != 0 && s[0] == 0
             ? adamas::Status::kOk
             : adamas::Status::kInvalidParameter,
         adamas::Status::kOk);
  check(plan.add(parameter), "add");
  const void* same_twice[] = {g, g};
  inputs.grads = same_twice;
  expect(plan.step(inputs), adamas::Status::kOverlap);
}

}  // namespace exercise
