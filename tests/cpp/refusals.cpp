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
  adamas::Tensor tensor;
  tensor.param = p;
  tensor.states[0] = m;
  tensor.states[1] = v;
  tensor.size = 4;
  adamas::Plan plan;
  const auto expect = [](adamas::Status actual, adamas::Status wanted) {
    if (actual == wanted) return;
    std::fprintf(stderr, "got '%s' instead of '%s'\n", adamas::message(actual), adamas::message(wanted));
    std::exit(1);
  };
  adamas::Tensor bad = tensor;
  bad.states[1] = nullptr;
  expect(plan.add(bad), adamas::Status::kNullPointer);
  bad = tensor;
  bad.param = reinterpret_cast<char*>(p) + 1;
  expect(plan.add(bad), adamas::Status::kMisaligned);
  bad = tensor;
  bad.state_format = adamas::StateFormat::kFloat64;  // of float32 parameters
  expect(plan.add(bad), adamas::Status::kInvalidTensor);
  bad = tensor;
  bad.residue_kind = adamas::Residue::kMaster;
  expect(plan.add(bad), adamas::Status::kInvalidTensor);
  bad = tensor;
  bad.dtype = adamas::DType::kBfloat16;
  bad.residue_kind = adamas::Residue::kSplit32;
  expect(plan.add(bad), adamas::Status::kNullPointer);
  bad = tensor;
  bad.rule = static_cast<adamas::Rule>(99);
  expect(plan.add(bad), adamas::Status::kInvalidTensor);
  check(plan.add(tensor), "add");

  const void* grads[] = {g};
  adamas::Hyperparameters h;
  expect(plan.step(grads, &h, 0), adamas::Status::kInvalidTensor);
  expect(plan.step(nullptr, &h, 1), adamas::Status::kNullPointer);
  adamas::StepOptions options;
  options.max_norm = 0.0;
  expect(plan.step(grads, &h, 1, 0, nullptr, nullptr, &options), adamas::Status::kInvalidHyperparameter);
  options = {};
  options.skip_nonfinite = true;
  g[2] = std::numeric_limits<float>::infinity();
  adamas::StepInfo info;
  check(plan.step(grads, &h, 1, 0, &info, nullptr, &options), "step");  // skips, as is seen below
  expect(info.skipped && info.nonfinite == 0 ? adamas::Status::kOk : adamas::Status::kInvalidTensor,
         adamas::Status::kOk);
  g[2] = 1;
  expect(plan.step(grads, nullptr, 1), adamas::Status::kNullPointer);
  expect(plan.set_step_count(0, -5), adamas::Status::kInvalidTensor);
  expect(plan.set_step_count(1, 5), adamas::Status::kInvalidTensor);
  expect(adamas::use_isa(nullptr), adamas::Status::kNullPointer);
  expect(plan.step(grads, &h, 1, -1), adamas::Status::kInvalidThreads);
  h.lr = -1;
  expect(plan.step(grads, &h, 1), adamas::Status::kInvalidHyperparameter);
  h = {};
  const void* overlapping[] = {p};
  expect(plan.step(overlapping, &h, 1), adamas::Status::kOverlap);
  expect(adamas::use_isa("mmx"), adamas::Status::kUnknownIsa);
  expect(plan.step_count(0) == 0 && p[0] == 1 && m[0] == 0 && v[0] == 0 ? adamas::Status::kOk
                                                                        : adamas::Status::kInvalidTensor,
         adamas::Status::kOk);
  check(plan.step(grads, &h, 1), "step");
  check(plan.add(tensor), "add");
  expect(plan.step(std::vector<const void*>{g, g}.data(), &h, 1), adamas::Status::kOverlap);
}

}  // namespace exercise
