#!/usr/bin/env bash
# Brings up a one-node SLURM for the tests, from Debian's packages: root, no systemd, no accounting, loopback only.
# What is installed or running already is left as it is.  Counterpart: down.sh.
#
#   SLURM_CPUS=8      CPUs that the node says it has; may be more than there are
#   SLURM_MEM_MB=...  memory that it says it has; half of the machine's
#   SLURM_ROOT=DIR    state, logs, pid files; /var/lib/ngnmm-slurm
#   SLURM_PORT=6817   of slurmctld; slurmd has the next one
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
CPUS=${SLURM_CPUS:-8}
MEMORY=${SLURM_MEM_MB:-$(awk '/^MemTotal/ {print int($2 / 2048)}' /proc/meminfo)}
ROOT=${SLURM_ROOT:-/var/lib/ngnmm-slurm}
PORT=${SLURM_PORT:-6817}
HOST=$(hostname -s)
CONF=/etc/slurm/slurm.conf
MARK="# written by ng-nmm's tests/slurm/up.sh"

die() { echo "up.sh: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "needs root"
command -v apt-get >/dev/null || die "needs Debian or one of its kin"
. "$(dirname "$0")/alive.sh"

wait_for() { # SECONDS WHAT COMMAND...
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || die "$what is not ready; see $ROOT/log"
        sleep 0.1
    done
}

mkdir -p "$ROOT"/{run,log,spool/ctld,spool/d} /etc/slurm
packages=""
for package in munge slurm-client slurmctld slurmd; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' $package 2>/dev/null)" = installed ] || packages="$packages $package"
done
if [ -n "$packages" ]; then
    policy=/usr/sbin/policy-rc.d # keeps a running init from starting the daemons with the packages' own settings
    made=""
    [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy; chmod +x $policy; made=1; }
    # shellcheck disable=SC2086
    add_packages() { apt-get install -y -q --no-install-recommends $packages >>"$ROOT/log/apt.log" 2>&1; }
    add_packages || { apt-get update -q >>"$ROOT/log/apt.log" 2>&1 && add_packages; } || die "apt-get failed; see $ROOT/log/apt.log"
    [ -z "$made" ] || rm -f $policy
fi

# The daemons bind to what the host's own name resolves to: that must be loopback.  (Rewritten in place: in a container
# /etc/hosts is often a mount.)
address=$(getent ahostsv4 "$HOST" | awk 'NR == 1 {print $1}') || true
case $address in
127.*) ;;
*)
    hosts=$(cat /etc/hosts)
    printf '127.0.0.1 %s\n%s\n' "$HOST" "$hosts" >/etc/hosts
    address=127.0.0.1
    ;;
esac

[ -s /etc/munge/munge.key ] || {
    (umask 077 && dd if=/dev/urandom of=/etc/munge/munge.key bs=128 count=1 status=none)
    chown munge:munge /etc/munge/munge.key
}
if ! alive munged; then
    install -d -o munge -g munge -m 0755 /run/munge
    rm -f /run/munge/munge.socket.2 /run/munge/munge.socket.2.lock
    setpriv --reuid munge --regid munge --clear-groups \
        munged --pid-file=/run/munge/munged.pid --log-file=/var/log/munge/munged.log </dev/null
    wait_for 10 munged sh -c 'munge -n | unmunge'
    cat /run/munge/munged.pid >"$ROOT/run/munged.pid"
fi

[ ! -e $CONF ] || grep -qF "$MARK" $CONF || die "$CONF is somebody else's; not touched"
cat >$CONF <<EOF
$MARK
ClusterName=ngnmm
SlurmctldHost=$HOST($address)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=$PORT
SlurmdPort=$((PORT + 1))
SlurmctldPidFile=$ROOT/run/slurmctld.pid
SlurmdPidFile=$ROOT/run/slurmd.pid
SlurmctldLogFile=$ROOT/log/slurmctld.log
SlurmdLogFile=$ROOT/log/slurmd.log
StateSaveLocation=$ROOT/spool/ctld
SlurmdSpoolDir=$ROOT/spool/d
# no cgroups, which a container may not have: processes are found through /proc, memory is sampled every second
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=2
MinJobAge=300
JobRequeue=0
EnforcePartLimits=ALL
ReturnToService=2
KillWait=2
MessageTimeout=30
SlurmdTimeout=60
InactiveLimit=0
AccountingStorageType=accounting_storage/none
NodeName=node1 NodeHostname=$HOST NodeAddr=$address CPUs=$CPUS RealMemory=$MEMORY State=UNKNOWN
PartitionName=main Nodes=node1 Default=YES DefMemPerCPU=256 DefaultTime=00:30:00 MaxTime=24:00:00 State=UP
PartitionName=long Nodes=node1 DefMemPerCPU=256 DefaultTime=02:00:00 MaxTime=7-00:00:00 State=UP
EOF

start() { # NAME COMMAND...: from a clean environment, detached
    local name=$1
    shift
    ! alive "$name" || return 0
    rm -f "$ROOT/run/$name.pid"
    setsid env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@" \
        </dev/null >>"$ROOT/log/$name.out" 2>&1
    wait_for 20 "$name" alive "$name"
}
start slurmctld slurmctld
wait_for 30 slurmctld scontrol ping
start slurmd slurmd -N node1
wait_for 60 "node1" sh -c "sinfo -h -n node1 -o %T | grep -qE 'idle|mixed|alloc'"
wait_for 30 "a first job" srun -Q -n1 --mem=16 -t 1 true
echo "SLURM is up: $(sinfo -h -p main -o '%D node, %c CPUs, %m MB, %T')"
