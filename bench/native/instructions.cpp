// Steps of one rule in one format on one instruction set, for a tool that counts instructions: count_instructions.py.
//
//   instructions RULE FORMAT ISA STEPS [ELEMENTS]
//   instructions --list    a line for each case: rule, format, instruction set
//   instructions --about   the compiler and the architecture, and how many elements a step has
//
// The steps to count are those in `counted_steps`: what they take is the same each time, for there is one thread, no
// clock, and no address in it.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "step_and_limit.hpp"

// A function of its own, by whose name the tool knows what to count.
extern "C" [[gnu::noinline]] void counted_steps(bench::MeasuredStep& step, int steps) {
  for (int i = 0; i < steps; ++i) step();
}

namespace {

// Whole blocks of vectors, and a tail that fills none.
constexpr std::size_t kElements = 4096 + 37;

// What the first steps do once is not counted.
constexpr int kStepsBefore = 10;

int list() {
  for (const adamas::Rule rule : bench::rules()) {
    for (const bench::Format& format : bench::formats()) {
      for (const std::string& isa : bench::available_isas()) {
        std::printf("%s %s %s\n", adamas::rule_info(rule).name, format.name.c_str(), isa.c_str());
      }
    }
  }
  return 0;
}

int run(const char* rule_name, const char* format_name, const char* isa, int steps, std::size_t elements) {
  adamas::Rule rule;
  if (!adamas::find_rule(rule_name, &rule)) {
    std::fprintf(stderr, "no rule '%s'; see --list\n", rule_name);
    return 2;
  }
  bench::check(adamas::use_isa(isa), isa);
  for (const bench::Format& format : bench::formats()) {
    if (format.name != format_name) continue;
    bench::MeasuredStep step({rule, format, elements}, bench::kMaxGradientSets, 1);
    for (int i = 0; i < kStepsBefore; ++i) step();
    counted_steps(step, steps);
    return 0;
  }
  std::fprintf(stderr, "no format '%s'; see --list\n", format_name);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) return list();
  if (argc == 2 && std::strcmp(argv[1], "--about") == 0) {
    std::printf("%s, %zu elements\n", ADAMAS_COMPILER, kElements);
    return 0;
  }
  if (argc == 5 || argc == 6) {
    const std::size_t elements = argc == 6 ? std::strtoul(argv[5], nullptr, 10) : kElements;
    return run(argv[1], argv[2], argv[3], std::atoi(argv[4]), elements);
  }
  std::fprintf(stderr, "usage: %s RULE FORMAT ISA STEPS [ELEMENTS] | --list | --about\n", argv[0]);
  return 2;
}
