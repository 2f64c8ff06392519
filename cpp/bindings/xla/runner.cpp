#include "xla/runner.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#ifndef _WIN32
#include <unistd.h>
#endif

namespace adamas::bindings::xla {
namespace {

long process() {
#ifdef _WIN32
  return 0;
#else
  return static_cast<long>(getpid());
#endif
}

class Runner {
 public:
  Runner() : process_(process()), thread_([this] { serve(); }) { thread_.detach(); }

  // A thread does not survive a fork.
  bool is_alive() const { return process_ == process(); }

  void run(const std::function<void()>& work) {
    Call call{&work, {}, false};
    std::unique_lock<std::mutex> lock(mutex_);
    calls_.push_back(&call);
    called_.notify_one();
    call.ended.wait(lock, [&] { return call.done; });
  }

 private:
  struct Call {
    const std::function<void()>* work;
    std::condition_variable ended;
    bool done;
  };

  [[noreturn]] void serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      called_.wait(lock, [this] { return !calls_.empty(); });
      Call* const call = calls_.front();
      calls_.pop_front();
      lock.unlock();
      (*call->work)();
      lock.lock();
      call->done = true;
      call->ended.notify_one();  // before its thread can leave, and the call with it
    }
  }

  const long process_;
  std::mutex mutex_;
  std::condition_variable called_;
  std::deque<Call*> calls_;
  std::thread thread_;  // the last: it uses the others
};

}  // namespace

void run_on_one_thread(const std::function<void()>& work) {
  static std::mutex mutex;
  // Never destroyed, as its thread has no end; a child of a fork makes its own.
  static Runner* runner = nullptr;
  Runner* current = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    if (runner == nullptr || !runner->is_alive()) runner = new Runner;
    current = runner;
  }
  current->run(work);
}

}  // namespace adamas::bindings::xla
