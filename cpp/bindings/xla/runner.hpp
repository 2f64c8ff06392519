// A thread that takes steps for others.
#pragma once

#include <functional>

namespace adamas::bindings::xla {

// Calls work() on a thread of the process that does nothing else, one call after the other, and waits for its end. An
// OpenMP team belongs to the thread that forms it, and XLA calls from any thread of its pool: there would be as many
// teams as that has threads. work() must not throw.
void run_on_one_thread(const std::function<void()>& work);

}  // namespace adamas::bindings::xla
