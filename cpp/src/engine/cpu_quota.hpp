// The CPU time that the container grants.
#pragma once

namespace adamas {

// CPUs granted by the cgroup of this process and those above it (v2 cpu.max, v1 cpu.cfs_quota_us), rounded up;
// 0 if there is no quota or none can be read.
// root: prefix of /proc and /sys, for tests.
int cpu_quota(const char* root = "") noexcept;

}  // namespace adamas
