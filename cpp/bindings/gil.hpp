// Running without the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <thread>
#include <utility>

namespace adamas::bindings {

inline bool interpreter_is_finalizing() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

// Calls work() with the GIL released. If the interpreter is going away meanwhile, a daemon thread must never come back:
// before Python 3.14, taking the GIL again would end the thread by unwinding its stack, which no destructor may see
// (pybind11::gil_scoped_release would abort the process). So this is a plain function, and such a thread stays here.
template <class Work>
void without_gil(Work&& work) {
  PyThreadState* state = PyEval_SaveThread();
  std::forward<Work>(work)();
  while (interpreter_is_finalizing()) std::this_thread::sleep_for(std::chrono::hours(1));
  PyEval_RestoreThread(state);
}

// The same for work that may be so brief that releasing the GIL would take longer.
template <class Work>
void without_gil_unless(bool brief, Work&& work) {
  if (brief) return std::forward<Work>(work)();
  without_gil(std::forward<Work>(work));
}

}  // namespace adamas::bindings
