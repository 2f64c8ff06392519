#include "workers.hpp"

#include <atomic>
#include <memory>
#include <new>
#include <thread>

namespace adamas::bindings::xla {
namespace {

// What one call of PoolWorkers::run shares with its helpers. It lives until the last of them has been there, which may
// be after the call.
struct Shift {
  void (*body)(void*, int, int);
  void* context;
  int count;
  std::atomic<int> next{1};
  std::atomic<int> inside{0};
  std::atomic<bool> is_over{false};
};

// A helper's part: what it is given is its share in the Shift.
void help(void* data) {
  const std::unique_ptr<std::shared_ptr<Shift>> owned(static_cast<std::shared_ptr<Shift>*>(data));
  Shift& shift = **owned;
  // Either the caller sees that somebody is inside, or that one sees that it is over.
  shift.inside.fetch_add(1);
  if (!shift.is_over.load()) shift.body(shift.context, shift.next.fetch_add(1), shift.count);
  shift.inside.fetch_sub(1);
}

// Did it go well? An error is the receiver's.
bool succeeded(const Api& api, Error* error) {
  if (error == nullptr) return true;
  DestroyArguments arguments = {sizeof(DestroyArguments), nullptr, error};
  api.destroy_error(&arguments);
  return false;
}

int count_threads(const CallFrame& frame) {
  const Api& api = *frame.api;
  if (api.struct_size < sizeof(Api) || api.schedule == nullptr || api.count_threads == nullptr) return 1;
  std::int64_t count = 1;
  ThreadsArguments arguments = {sizeof(ThreadsArguments), nullptr, frame.context, &count};
  if (!succeeded(api, api.count_threads(&arguments))) return 1;
  return count < 1 ? 1 : count > kMaxThreads ? kMaxThreads : static_cast<int>(count);
}

}  // namespace

PoolWorkers::PoolWorkers(const CallFrame& frame) : frame_(frame), workers_{&run, this, count_threads(frame)} {}

void PoolWorkers::run(void* self, int count, void (*body)(void*, int, int), void* context) noexcept {
  const CallFrame& frame = static_cast<const PoolWorkers*>(self)->frame_;
  std::shared_ptr<Shift> shift;
  try {
    shift = std::make_shared<Shift>();
    shift->body = body;
    shift->context = context;
    shift->count = count;
    for (int k = 1; k < count; ++k) {
      auto share = std::make_unique<std::shared_ptr<Shift>>(shift);
      ScheduleArguments arguments = {sizeof(ScheduleArguments), nullptr, frame.context, &help, share.get()};
      if (!succeeded(*frame.api, frame.api->schedule(&arguments))) break;
      static_cast<void>(share.release());
    }
  } catch (const std::bad_alloc&) {  // then fewer help
  }
  body(context, 0, count);
  if (!shift) return;
  shift->is_over.store(true);
  while (shift->inside.load() != 0) std::this_thread::yield();
}

}  // namespace adamas::bindings::xla
