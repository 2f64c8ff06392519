// Arrays that lie elsewhere in every step (Plan::rebind), and threads of somebody else's (StepInputs::workers).
#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "exercise.hpp"

namespace exercise {
namespace {

constexpr std::size_t kSizes[] = {0, 1, 100, 70'001};
constexpr int kSteps = 7;

// Of the threads that are asked for, some never begin.
struct Crew {
  std::atomic<int> asked{0};
  std::atomic<int> begun{0};

  static void run(void* self, int count, void (*body)(void*, int, int), void* context) noexcept {
    Crew& crew = *static_cast<Crew*>(self);
    std::vector<std::thread> helpers;
    for (int k = 1; k < count; ++k) {
      if (crew.asked++ % 3 == 0) continue;
      ++crew.begun;
      helpers.emplace_back([=] { body(context, k, count); });
    }
    body(context, 0, count);
    for (std::thread& helper : helpers) helper.join();
  }
};

// The arrays of a few parameters, in one block each.
struct Arrays {
  std::vector<std::unique_ptr<Buffer>> params;
  std::vector<std::unique_ptr<Buffer>> states;
};

Arrays make(int state_count) {
  Arrays arrays;
  Numbers numbers;
  for (const std::size_t size : kSizes) {
    arrays.params.push_back(std::make_unique<Buffer>(size * sizeof(float), 0));
    fill(numbers, adamas::DType::kFloat32, *arrays.params.back());
    for (int k = 0; k < state_count; ++k) arrays.states.push_back(std::make_unique<Buffer>(size * sizeof(float), 0));
  }
  return arrays;
}

Arrays copy_of(const Arrays& other) {
  Arrays arrays;
  const auto copy = [](const auto& from, auto& to) {
    for (const auto& buffer : from) {
      to.push_back(std::make_unique<Buffer>(buffer->size, 0));
      if (buffer->size != 0) std::memcpy(to.back()->data, buffer->data, buffer->size);
    }
  };
  copy(other.params, arrays.params);
  copy(other.states, arrays.states);
  return arrays;
}

adamas::Parameter parameter_of(const Arrays& arrays, std::size_t i, adamas::Rule rule) {
  const int state_count = adamas::rule_info(rule).state_count;
  adamas::Parameter parameter;
  parameter.rule = rule;
  parameter.size = kSizes[i];
  make_matrices(parameter);
  parameter.param = arrays.params[i]->data;
  for (int k = 0; k < state_count; ++k) {
    parameter.states[k] = arrays.states[i * static_cast<std::size_t>(state_count) + static_cast<std::size_t>(k)]->data;
  }
  return parameter;
}

void expect(bool is_so, const char* what) {
  if (is_so) return;
  std::fprintf(stderr, "moved arrays: %s\n", what);
  std::exit(1);
}

void check_rule(const char* name) {
  adamas::Rule rule{};
  expect(adamas::find_rule(name, &rule), name);
  const int state_count = adamas::rule_info(rule).state_count;
  Arrays still = make(state_count);
  Arrays moving = copy_of(still);
  adamas::Plan plan;
  adamas::Plan moved;
  for (std::size_t i = 0; i < std::size(kSizes); ++i) {
    check(plan.add(parameter_of(still, i, rule)), "add");
    check(moved.add(parameter_of(moving, i, rule)), "add");
  }
  Numbers numbers;
  Crew crew;
  const adamas::Workers workers{&Crew::run, &crew, 5};
  for (int step = 0; step < kSteps; ++step) {
    std::vector<std::unique_ptr<Buffer>> gradients;
    std::vector<const void*> grads;
    for (const std::size_t size : kSizes) {
      gradients.push_back(std::make_unique<Buffer>(size * sizeof(float), 0));
      fill(numbers, adamas::DType::kFloat32, *gradients.back());
      grads.push_back(gradients.back()->data);
    }
    adamas::Hyperparameters h = hyperparameters_for(rule);
    adamas::StepInputs inputs;
    inputs.grads = grads.data();
    inputs.groups = &h;
    inputs.group_count = 1;
    check(plan.step(inputs), "step");
    if (step % 3 != 0) {
      Arrays elsewhere = copy_of(moving);
      for (std::size_t i = 0; i < std::size(kSizes); ++i) {
        check(moved.rebind(i, parameter_of(elsewhere, i, rule)), "rebind");
      }
      std::swap(moving, elsewhere);  // and what was there is freed
    }
    inputs.workers = &workers;
    inputs.threads = 5;
    adamas::StepInfo info;
    check(moved.step(inputs, &info), "step");
    expect(info.threads == 5, "not all workers were asked");
  }
  expect(crew.begun > 0 && crew.begun < crew.asked, "no worker began, or all did");
  const auto same = [](const auto& a, const auto& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a[i]->size != 0 && std::memcmp(a[i]->data, b[i]->data, a[i]->size) != 0) return false;
    }
    return true;
  };
  expect(same(still.params, moving.params) && same(still.states, moving.states), name);
}

void check_refused() {
  adamas::Rule rule{};
  expect(adamas::find_rule("adam", &rule), "adam");
  Arrays arrays = make(2);
  adamas::Plan plan;
  for (std::size_t i = 0; i < std::size(kSizes); ++i) check(plan.add(parameter_of(arrays, i, rule)), "add");
  const auto refused = [&](std::size_t index, const adamas::Parameter& parameter, adamas::Status wanted) {
    expect(plan.rebind(index, parameter) == wanted, adamas::message(wanted));
  };
  const adamas::Parameter good = parameter_of(arrays, 2, rule);
  refused(9, good, adamas::Status::kInvalidParameter);
  refused(3, good, adamas::Status::kInvalidParameter);  // of another size
  adamas::Parameter bad = good;
  bad.group = 1;
  refused(2, bad, adamas::Status::kInvalidParameter);
  bad = good;
  bad.states[1] = nullptr;
  refused(2, bad, adamas::Status::kNullPointer);
  bad = good;
  bad.param = static_cast<char*>(good.param) + 1;
  refused(2, bad, adamas::Status::kMisaligned);
  bad = good;
  bad.states[0] = good.param;  // which the next step finds
  refused(2, bad, adamas::Status::kOk);
  Numbers numbers;
  std::vector<std::unique_ptr<Buffer>> gradients;
  std::vector<const void*> grads;
  for (const std::size_t size : kSizes) {
    gradients.push_back(std::make_unique<Buffer>(size * sizeof(float), 0));
    fill(numbers, adamas::DType::kFloat32, *gradients.back());
    grads.push_back(gradients.back()->data);
  }
  const adamas::Hyperparameters h;
  adamas::StepInputs inputs;
  inputs.grads = grads.data();
  inputs.groups = &h;
  inputs.group_count = 1;
  expect(plan.step(inputs) == adamas::Status::kOverlap, "a state in the place of its parameter");
  refused(2, good, adamas::Status::kOk);
  check(plan.step(inputs), "step");
  std::vector<float> sums(kSizes[2]);
  check(plan.set_accumulator(2, sums.data()), "set_accumulator");
  refused(2, good, adamas::Status::kInvalidParameter);
}

}  // namespace

void check_moved() {
  adamas::set_bytes_per_thread(1);
  for (const char* const name : {"adam", "adafactor", "adam_mini", "lamb", "prodigy", "sgd"}) check_rule(name);
  check_refused();
}

}  // namespace exercise
