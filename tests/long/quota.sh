#!/usr/bin/env bash
# Does the number of threads follow a CPU quota? As root, on a system whose control groups can be written to (version 1,
# or version 2 where the root group hands out its cpu controller). Makes a group, and removes it.
set -euo pipefail
python=${PYTHON:-python3}
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  group=/sys/fs/cgroup/adamas-quota-$$ version=2
else
  group=/sys/fs/cgroup/cpu/adamas-quota-$$ version=1
fi
mkdir "$group"
trap 'rmdir "$group"' EXIT
for tenths in 5 10 15 0; do # tenths of a processor; 0 for no quota
  if [ "$version" = 2 ]; then
    if [ "$tenths" = 0 ]; then echo 'max 100000'; else echo "${tenths}0000 100000"; fi >"$group/cpu.max"
  else
    echo 100000 >"$group/cpu.cfs_period_us"
    if [ "$tenths" = 0 ]; then echo -1; else echo "${tenths}0000"; fi >"$group/cpu.cfs_quota_us"
  fi
  found=$(bash -c 'echo $$ >"$1/cgroup.procs" && exec "$2" -m adamas info --json' _ "$group" "$python" |
    "$python" -c 'import json, sys; t = json.load(sys.stdin)["threads"]; print(t["limit"], t["because"])')
  processors=$(nproc)
  limit=$(((tenths + 9) / 10))
  if [ "$tenths" = 0 ] || [ "$limit" -gt "$processors" ]; then limit=$processors; fi
  echo "quota of $tenths tenths of a processor, version $version: $found"
  [ "${found%% *}" = "$limit" ]
done
echo 'the number of threads follows the quota'
