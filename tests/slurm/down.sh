#!/usr/bin/env bash
# Stops the SLURM that up.sh has started, by the pids that it noted, and removes its state and settings; the packages stay.
set -uo pipefail
ROOT=${SLURM_ROOT:-/var/lib/ngnmm-slurm}
CONF=/etc/slurm/slurm.conf
. "$(dirname "$0")/alive.sh"

if alive slurmctld && alive slurmd; then # end the jobs that still run, so that no step is left behind
    timeout 10 scancel --user="$(id -un)" 2>/dev/null
    for _ in $(seq 50); do
        [ -n "$(timeout 5 squeue -h 2>/dev/null)" ] || break
        sleep 0.1
    done
fi
for name in slurmd slurmctld munged; do
    alive "$name" || continue
    pid=$(cat "$ROOT/run/$name.pid")
    kill "$pid"
    for _ in $(seq 150); do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$name" ] || break
        sleep 0.1
    done
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$name" ] || kill -9 "$pid"
done
rm -rf "$ROOT"
grep -qF "tests/slurm/up.sh" $CONF 2>/dev/null && rm -f $CONF
exit 0
