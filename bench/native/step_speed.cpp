// Steps of every rule in every number format on every instruction set, against the byte limit:
//
//   step_speed --benchmark_filter='step/adam/float32/.*/1M/'
//
// Names are step/RULE/FORMAT/ISA/SIZE/manual_time. All of them together would take hours, so nothing runs by default.
// Flags beside those of Google Benchmark (--help):
//
//   --threads=N         of the step and of the limit; else as many as adamas would use by itself
//   --memory_share=X    of the machine's memory that a benchmark may take, else 0.5; what needs more reports that
//
// Counters: bytes/param, read and written in a step; GB/s, those bytes by the median time; limit, the median time of a
// step by that of the byte-limit loop over as many bytes, measured alternately (step_and_limit.hpp); rounds, the turns
// of each. The columns Time and CPU are means, CPU of the calling thread. Two threads on a machine with one free
// processor measure its scheduler: then limit is 1 and says nothing.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "step_and_limit.hpp"
#include "timing.hpp"

namespace {

constexpr std::size_t kSmallest = std::size_t{1} << 10;
constexpr std::size_t kLargest = std::size_t{1} << 28;

// The fewest, so that there is a median of the largest sizes.
constexpr int kRounds = 7;

struct Options {
  int threads;
  double memory_share = 0.5;
};

double gigabytes(double bytes) { return bytes * 1e-9; }

double machine_memory() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// What the step and the limit take.
double memory(const bench::Case& wanted, std::size_t gradient_sets) {
  return static_cast<double>(bench::StepArrays::memory(wanted, gradient_sets) +
                             bench::StepArrays::memory(bench::ByteLimit::stand_in(wanted), gradient_sets));
}

void measure(benchmark::State& state, const bench::Case& wanted, const std::string& isa, const Options& options) {
  const double most = options.memory_share * machine_memory();
  std::size_t gradient_sets = bench::kMaxGradientSets;
  while (gradient_sets > 1 && memory(wanted, gradient_sets) > most) --gradient_sets;
  if (const double needed = memory(wanted, gradient_sets); needed > most) {
    char message[128];
    std::snprintf(message, sizeof message, "skipped: needs %.1f GB, and may take %.1f (--memory_share)",
                  gigabytes(needed), gigabytes(most));
    return state.SkipWithError(message);
  }

  bench::check(adamas::use_isa(isa.c_str()), isa.c_str());
  bench::MeasuredStep step(wanted, gradient_sets, options.threads);
  bench::ByteLimit limit(wanted, gradient_sets, options.threads);
  bench::TurnTimer step_timer(step);
  bench::TurnTimer limit_timer(limit);
  const std::size_t steps = kRounds * step_timer.count();
  int rounds = 0;
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(steps))) {
    double seconds = 0.0;
    state.PauseTiming();  // of processor time, which is the step's alone then
    for (int i = 0; i < kRounds; ++i, ++rounds) {
      limit_timer.warm_up();
      limit_timer.time_turn();
      step_timer.warm_up();
      state.ResumeTiming();
      seconds += step_timer.time_turn() * static_cast<double>(step_timer.count());
      state.PauseTiming();
    }
    state.ResumeTiming();
    state.SetIterationTime(seconds);
  }
  const auto bytes = static_cast<double>(bench::traffic(wanted));
  state.counters["bytes/param"] = bytes / static_cast<double>(wanted.size);
  state.counters["GB/s"] = gigabytes(bytes) / step_timer.median();
  state.counters["limit"] = step_timer.median() / limit_timer.median();
  state.counters["rounds"] = rounds;
}

// 1K, 4K, ..., 256M.
std::string name_of(std::size_t size) {
  return size >> 20 != 0 ? std::to_string(size >> 20) + "M" : std::to_string(size >> 10) + "K";
}

void register_all(const Options& options) {
  for (const adamas::Rule rule : bench::rules()) {
    for (const bench::Format& format : bench::formats()) {
      for (const std::string& isa : bench::available_isas()) {
        const std::string prefix = std::string("step/") + adamas::rule_info(rule).name + "/" + format.name + "/" + isa;
        for (std::size_t size = kSmallest; size <= kLargest; size *= 4) {
          benchmark::RegisterBenchmark(
              (prefix + "/" + name_of(size)).c_str(),
              [=](benchmark::State& state) { measure(state, {rule, format, size}, isa, options); })
              ->UseManualTime()
              ->Unit(benchmark::kMicrosecond);
        }
      }
    }
  }
}

// The value in an argument "--name=value", or null if it is another one.
const char* value_of(const char* argument, const char* name) {
  const std::size_t length = std::strlen(name);
  return std::strncmp(argument, name, length) == 0 ? argument + length : nullptr;
}

// Takes our own flags out of the arguments.
Options take_options(int& argc, char** argv) {
  adamas::ThreadLimit limit;
  bench::check(adamas::thread_limit(&limit), "thread_limit");
  Options options{limit.count};
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    if (const char* threads = value_of(argv[i], "--threads=")) {
      options.threads = std::atoi(threads);
    } else if (const char* share = value_of(argv[i], "--memory_share=")) {
      options.memory_share = std::atof(share);
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = take_options(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  if (benchmark::GetBenchmarkFilter().empty()) {
    std::fprintf(stderr, "choose with --benchmark_filter=REGEX; --benchmark_list_tests shows what it selects\n");
    return 2;
  }
  benchmark::AddCustomContext("adamas", ADAMAS_VERSION);
  benchmark::AddCustomContext("threads", std::to_string(options.threads));
  register_all(options);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
