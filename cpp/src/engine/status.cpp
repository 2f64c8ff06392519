#include <adamas/threads.hpp>
#include <adamas/types.hpp>

namespace adamas {

static_assert(kMaxThreads == 1024, "the messages below say so");

const char* message(Status status) noexcept {
  switch (status) {
    case Status::kOk: return "ok";
    case Status::kNullPointer: return "an argument is null, or an array of a parameter that is not empty";
    case Status::kMisaligned: return "a pointer is not aligned to its element size";
    case Status::kOverlap: return "two arrays overlap in memory";
    case Status::kInvalidParameter:
      return "a parameter has an unknown rule or format, a group or index out of range, an impossible step count, "
             "or an impossible size";
    case Status::kInvalidHyperparameter: return "a hyperparameter is out of range, infinite or not a number";
    case Status::kInvalidThreads: return "expected a number of threads from 1 to 1024, or 0 for automatic";
    case Status::kInvalidThreadVariable:
      return "the environment variable ADAMAS_NUM_THREADS must be a whole number from 1 to 1024";
    case Status::kUnknownIsa: return "no instruction set of that name is compiled into this build";
    case Status::kUnsupportedIsa: return "this processor lacks the requested instruction set";
    case Status::kOutOfMemory: return "out of memory";
    case Status::kExchangeFailed: return "the exchange with other processes failed";
  }
  return "unknown status";
}

}  // namespace adamas
