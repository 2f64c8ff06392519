#include "engine/cpu_quota.hpp"

#if defined(_WIN32)

// Windows has no cgroups. It can limit the processor time of a container, too, but that is not looked up yet.
namespace adamas {

int cpu_quota(const char*) noexcept { return 0; }

}  // namespace adamas

#else

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace adamas {
namespace {

// First line of a file, or empty.
std::string read_line(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return {};
  char line[4096] = {};
  if (std::fgets(line, sizeof line, file) == nullptr) line[0] = '\0';
  std::fclose(file);
  line[std::strcspn(line, "\n")] = '\0';
  return line;
}

// CPUs granted by one cgroup directory: "quota period" in cpu.max, or a file for each of them under version 1.
double quota_of(const std::string& directory) {
  double quota = 0.0;
  double period = 0.0;
  if (std::sscanf(read_line(directory + "/cpu.max").c_str(), "%lf %lf", &quota, &period) != 2) {
    quota = std::atof(read_line(directory + "/cpu.cfs_quota_us").c_str());
    period = std::atof(read_line(directory + "/cpu.cfs_period_us").c_str());
  }
  return quota > 0.0 && period > 0.0 ? quota / period : 0.0;
}

// The smallest quota from `path` up to the mount point; in a container the path is often not visible, and then
// the mount point itself is the container's own group.
double smallest_quota(const std::string& mount, std::string path) {
  double smallest = 0.0;
  for (;;) {
    const double quota = quota_of(mount + path);
    if (quota > 0.0 && (smallest == 0.0 || quota < smallest)) smallest = quota;
    if (path.empty()) return smallest;
    path.erase(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/'));
  }
}

double find_quota(const std::string& root) {
  std::FILE* file = std::fopen((root + "/proc/self/cgroup").c_str(), "re");
  if (file == nullptr) return 0.0;
  double smallest = 0.0;
  char line[4096];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    line[std::strcspn(line, "\n")] = '\0';
    char* controllers = std::strchr(line, ':');  // "hierarchy:controllers:path"
    char* path = controllers == nullptr ? nullptr : std::strchr(++controllers, ':');
    if (path == nullptr) continue;
    *path++ = '\0';
    if (std::strcmp(path, "/") == 0) *path = '\0';
    const std::string padded = std::string(",") + controllers + ",";
    double quota = 0.0;
    if (*controllers == '\0') {
      quota = smallest_quota(root + "/sys/fs/cgroup", path);
    } else if (padded.find(",cpu,") != std::string::npos) {
      quota = smallest_quota(root + "/sys/fs/cgroup/cpu", path);
    }
    if (quota > 0.0 && (smallest == 0.0 || quota < smallest)) smallest = quota;
  }
  std::fclose(file);
  return smallest;
}

}  // namespace

int cpu_quota(const char* root) noexcept {
  try {
    const double quota = find_quota(root);
    return quota > 0.0 && quota < 1e6 ? static_cast<int>(std::ceil(quota)) : 0;
  } catch (...) {  // out of memory while building a path: as good as no quota
    return 0;
  }
}

}  // namespace adamas

#endif
