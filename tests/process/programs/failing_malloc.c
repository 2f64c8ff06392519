// Memory that runs out on request. Loaded before the C library (LD_PRELOAD), whose functions these stand for.
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static atomic_long calls, from, until, failed;

// From now on, of the allocations of this process, all of any thread counted, `count` fail from the `first`-th on; with
// 0 none does.
void fail_allocations(long first, long count) {
  if (first > 0) failed = 0;
  calls = 0;
  until = first + count;
  from = first;
}

long failed_allocations(void) { return failed; }

static int fails(void) {
  if (from == 0) return 0;
  const long call = ++calls;
  if (call < from || call >= until) return 0;
  ++failed;
  errno = ENOMEM;
  return 1;
}

void* malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }
void* realloc(void* block, size_t size) { return fails() ? NULL : __libc_realloc(block, size); }
void* aligned_alloc(size_t alignment, size_t size) { return fails() ? NULL : __libc_memalign(alignment, size); }
int posix_memalign(void** block, size_t alignment, size_t size) {
  if (fails()) return ENOMEM;
  *block = __libc_memalign(alignment, size);
  return *block == NULL ? ENOMEM : 0;
}
