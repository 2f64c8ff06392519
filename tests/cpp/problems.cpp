// A refused call can be asked which parameter, which array and which group it is about (diagnose()).
#include <cstring>
#include <limits>
#include <vector>

#include "exercise.hpp"

namespace exercise {
namespace {

constexpr std::size_t kCount = 5;
constexpr std::size_t kSize = 8;

void expect(bool is_so, const char* what) {
  if (is_so) return;
  std::fprintf(stderr, "diagnose(): %s\n", what);
  std::exit(1);
}

bool same_text(const char* a, const char* b) { return a == nullptr || b == nullptr ? a == b : std::strcmp(a, b) == 0; }

void expect(const adamas::Problem& found, const adamas::Problem& wanted, const char* what) {
  const bool same = found.status == wanted.status && found.parameter == wanted.parameter &&
                    same_text(found.array, wanted.array) && found.other == wanted.other &&
                    same_text(found.other_array, wanted.other_array) && found.group == wanted.group;
  if (same) return;
  std::fprintf(stderr, "diagnose(): %s: '%s', parameter %td, array %s, other %td, array %s, group %td\n", what,
               adamas::message(found.status), static_cast<std::ptrdiff_t>(found.parameter),
               found.array == nullptr ? "none" : found.array, static_cast<std::ptrdiff_t>(found.other),
               found.other_array == nullptr ? "none" : found.other_array, static_cast<std::ptrdiff_t>(found.group));
  std::exit(1);
}

// About one array.
adamas::Problem about(adamas::Status status, std::size_t parameter, const char* array) {
  adamas::Problem problem;
  problem.status = status;
  problem.parameter = parameter;
  problem.array = array;
  return problem;
}

adamas::Problem about_group(std::size_t parameter, std::size_t group) {
  adamas::Problem problem = about(adamas::Status::kInvalidHyperparameter, parameter, nullptr);
  problem.group = group;
  return problem;
}

adamas::Problem overlap(std::size_t parameter, const char* array, std::size_t other, const char* other_array) {
  adamas::Problem problem = about(adamas::Status::kOverlap, parameter, array);
  problem.other = other;
  problem.other_array = other_array;
  return problem;
}

// Five parameters in two groups, the last one without elements, and gradients for them.
class World {
 public:
  explicit World(const char* rule) {
    for (std::size_t i = 0; i < kCount; ++i) {
      adamas::Parameter& parameter = parameters[i];
      if (!adamas::find_rule(rule, &parameter.rule)) std::exit(1);
      parameter.param = numbers[i][0];
      for (int k = 0; k < adamas::rule_info(parameter.rule).state_count; ++k) parameter.states[k] = numbers[i][1 + k];
      parameter.size = i + 1 == kCount ? 0 : kSize;
      parameter.group = static_cast<std::uint32_t>(i % 2);
      grads[i] = gradients[i];
      dtypes[i] = adamas::DType::kFloat32;
    }
    inputs.grads = grads;
    inputs.grad_dtypes = dtypes;
    inputs.groups = groups;
    inputs.group_count = 2;
  }

  void add_all() {
    for (const adamas::Parameter& parameter : parameters) check(plan.add(parameter), "add");
  }

  // What is found is what the step returns, and the step changes nothing; then `mend` makes all well.
  template <class Mend>
  void expect_problem(const adamas::Problem& wanted, const char* what, Mend mend) {
    const std::vector<unsigned char> before(bytes(), bytes() + sizeof numbers);
    expect(plan.step(inputs) == wanted.status && plan.check(inputs) == wanted.status, what);
    expect(plan.diagnose(inputs), wanted, what);
    expect(std::memcmp(before.data(), bytes(), before.size()) == 0, "something was changed");
    mend();
    expect(plan.diagnose(inputs), {}, what);
    check(plan.step(inputs), what);
  }

  float numbers[kCount][8][kSize] = {};
  float gradients[kCount][kSize] = {};
  adamas::Parameter parameters[kCount];
  const void* grads[kCount];
  adamas::DType dtypes[kCount];
  adamas::Hyperparameters groups[2];
  adamas::StepInputs inputs;
  adamas::Plan plan;

 private:
  const unsigned char* bytes() const { return reinterpret_cast<const unsigned char*>(numbers); }
};

void* moved(void* array, std::size_t bytes) { return static_cast<char*>(array) + bytes; }

// By itself, before it is added.
void check_parameters() {
  using adamas::Status;
  World world("adam");
  const adamas::Parameter good = world.parameters[1];
  expect(adamas::diagnose(good), {}, "a good parameter");
  const auto expect_array = [](const adamas::Parameter& bad, Status status, const char* array) {
    adamas::Plan plan;
    expect(plan.add(bad) == status, array == nullptr ? "add" : array);
    expect(adamas::diagnose(bad), about(status, adamas::kNoParameter, array), "a parameter");
  };
  adamas::Parameter bad = good;
  bad.param = moved(good.param, 2);
  expect_array(bad, Status::kMisaligned, "param");
  bad = good;
  bad.states[1] = nullptr;
  expect_array(bad, Status::kNullPointer, "exp_avg_sq");
  bad.size = 0;
  expect_array(bad, Status::kOk, nullptr);
  bad = good;
  bad.average = moved(good.states[0], 1);
  expect_array(bad, Status::kMisaligned, "average");
  bad = good;
  bad.copy = moved(good.states[0], 1);
  expect_array(bad, Status::kMisaligned, "copy");
  bad = good;
  bad.columns = 4;
  expect_array(bad, Status::kNullPointer, "row_counts");
  bad = good;
  bad.dtype = adamas::DType::kBfloat16;
  bad.residue_kind = adamas::Residue::kKahan;
  expect_array(bad, Status::kNullPointer, "residue");
  bad = good;
  bad.rule = static_cast<adamas::Rule>(99);
  expect_array(bad, Status::kInvalidParameter, nullptr);
}

void check_gradients() {
  using adamas::Status;
  World world("adam");
  expect(world.plan.diagnose(world.inputs), {}, "a plan without parameters");
  world.add_all();
  expect(world.plan.diagnose(world.inputs), {}, "good inputs");
  for (std::size_t i = 0; i + 1 < kCount; ++i) {
    world.grads[i] = moved(world.gradients[i], 1);
    world.expect_problem(about(Status::kMisaligned, i, "gradient"), "a misaligned gradient",
                         [&] { world.grads[i] = world.gradients[i]; });
    world.dtypes[i] = static_cast<adamas::DType>(9);
    world.expect_problem(about(Status::kInvalidParameter, i, "gradient"), "a dtype that does not exist",
                         [&] { world.dtypes[i] = adamas::DType::kFloat32; });
    world.grads[i] = world.numbers[3][2] + 1;
    world.expect_problem(i < 3 ? overlap(i, "gradient", 3, "exp_avg_sq") : overlap(3, "exp_avg_sq", 3, "gradient"),
                         "a gradient in a state", [&] { world.grads[i] = world.gradients[i]; });
    world.grads[i] = nullptr;  // it has none
    check(world.plan.step(world.inputs), "step");
    world.grads[i] = world.gradients[i];
  }
  world.grads[1] = world.gradients[3];
  world.expect_problem(overlap(1, "gradient", 3, "gradient"), "a gradient twice",
                       [&] { world.grads[1] = world.gradients[1]; });
  // Several at once: that of the status which the step returns.
  world.grads[0] = world.gradients[1];
  world.grads[2] = moved(world.gradients[2], 1);
  world.expect_problem(about(Status::kMisaligned, 2, "gradient"), "two problems", [&] {
    world.grads[0] = world.gradients[0];
    world.grads[2] = world.gradients[2];
  });
  world.inputs.grads = nullptr;
  world.expect_problem(about(Status::kNullPointer, adamas::kNoParameter, nullptr), "no gradients",
                       [&] { world.inputs.grads = world.grads; });
  float sums[kSize] = {};
  check(world.plan.set_accumulator(2, sums), "set_accumulator");
  world.grads[1] = sums + 2;
  world.expect_problem(overlap(1, "gradient", 2, "accumulator"), "a gradient in an accumulator",
                       [&] { world.grads[1] = world.gradients[1]; });
  check(world.plan.set_step_count(3, adamas::kMaxStepCount), "set_step_count");
  world.expect_problem(about(Status::kInvalidParameter, 3, nullptr), "a parameter that takes no more steps",
                       [&] { check(world.plan.set_step_count(3, 0), "set_step_count"); });
}

void check_params_that_overlap() {
  World world("adam");
  world.parameters[2].states[0] = world.numbers[1][0] + 3;
  world.add_all();
  expect(world.plan.step(world.inputs) == adamas::Status::kOverlap, "parameters that overlap");
  expect(world.plan.diagnose(world.inputs), overlap(1, "param", 2, "exp_avg"), "parameters that overlap");
}

void check_rows() {
  World world("adam");
  std::uint32_t counts[2] = {};
  world.parameters[1].columns = kSize / 2;
  world.parameters[1].row_counts = counts;
  world.add_all();
  std::int64_t numbers[] = {0, 2};
  adamas::RowGradient rows;
  rows.rows = numbers;
  rows.values = world.gradients[1];
  rows.count = 2;
  const adamas::RowGradient* row_grads[kCount] = {nullptr, &rows};
  world.inputs.row_grads = row_grads;
  world.expect_problem(about(adamas::Status::kInvalidParameter, 1, "gradient"), "a row that does not exist",
                       [&] { numbers[1] = 1; });
  rows.values = world.numbers[2][0];
  world.expect_problem(overlap(1, "gradient", 2, "param"), "rows in a parameter",
                       [&] { rows.values = world.gradients[1]; });
}

void check_hyperparameters() {
  World world("adam");
  world.add_all();
  world.groups[1].beta1 = 1.0;
  world.expect_problem(about_group(adamas::kNoParameter, 1), "beta1 of 1", [&] { world.groups[1].beta1 = 0.9; });
  adamas::StepOptions options;
  world.inputs.options = &options;
  options.max_norm = -1.0;
  world.expect_problem(about(adamas::Status::kInvalidHyperparameter, adamas::kNoParameter, nullptr), "a max_norm",
                       [&] { options.max_norm = 1.0; });
  World lamb("lamb");  // which is not cautious
  lamb.add_all();
  lamb.groups[1].cautious = true;
  lamb.expect_problem(about_group(1, 1), "a cautious LAMB", [&] { lamb.groups[1].cautious = false; });
  World prodigy("prodigy");  // whose groups must agree
  prodigy.add_all();
  prodigy.groups[1].d0 = 1e-3;
  prodigy.expect_problem(about_group(1, 1), "groups that differ", [&] { prodigy.groups[1].d0 = 1e-6; });
}

}  // namespace

void check_problems() {
  check_parameters();
  check_gradients();
  check_params_that_overlap();
  check_rows();
  check_hyperparameters();
}

}  // namespace exercise
