// Oversubscription: steps use one thread while processors are busy with the threads of other programs or libraries.
#pragma once

#include <chrono>

namespace adamas {

// A parallel region ends when its last thread has come, work or no work. If a processor is taken, by a BLAS whose
// threads spin between two products, or by another process, that costs a scheduler's time slice: milliseconds, for a
// step that takes microseconds. So each region reports how long its caller waited for the others; after a long wait the
// next steps run on the calling thread alone, more of them each time it happens again. All are called from any thread;
// a race between two of them costs accuracy, never correctness.

// Should this step run alone? Asking counts down.
bool is_oversubscribed() noexcept;

// A region took `total`, of which its caller spent `waiting` with nothing left to do.
void report_region(std::chrono::nanoseconds waiting, std::chrono::nanoseconds total) noexcept;

}  // namespace adamas
