#!/usr/bin/env bash
# Train a config on a Slurm cluster.
set -euo pipefail

usage() {
    cat <<'END'
usage: bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [options of tools/train.py]

Train a config with one Slurm task for each GPU. A job that is preempted, or reaches its time limit, saves and is started
again with --resume: within a batch job by requeueing it, otherwise by asking for another.

environment:
  GPUS           GPUs in all (default: 8)
  GPUS_PER_NODE  GPUs of one machine (default: 8, or GPUS where that is less)
  CPUS_PER_TASK  cores for each process, which its data workers share (default: 5)
  SRUN_ARGS      further arguments of srun, e.g. '--time=24:00:00 --account=signs'
  PORT           port of the first machine (default: 29500)
  PYTHON         interpreter (default: python)

example:
  GPUS=4 bash tools/slurm_train.sh gpu slowfast configs/slowfast/phoenix2014.py work_dirs/phoenix2014 --auto-scale-lr
END
}

for argument in "$@"; do
    case $argument in -h | --help) usage && exit 0 ;; esac
done
if [ $# -lt 4 ]; then
    echo "error: slurm_train.sh: got '$*', expected PARTITION, JOB_NAME, CONFIG and WORK_DIR." >&2
    usage >&2
    exit 2
fi
partition=$1 job_name=$2 config=$3 work_dir=$4
shift 4

gpus=${GPUS:-8}
per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}
if ((gpus % per_node)); then
    echo "error: slurm_train.sh: GPUS=$gpus is no multiple of GPUS_PER_NODE=$per_node." >&2
    exit 2
fi
if ! command -v srun >/dev/null; then
    echo 'error: slurm_train.sh: there is no srun here. Run it on a login node of the cluster, or take dist_train.sh.' >&2
    exit 1
fi
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
read -r -a extra <<<"${SRUN_ARGS:-}"
export MASTER_PORT=${PORT:-29500}

# train OPTIONS...: run the tasks, which get SIGUSR1 two minutes before the time limit.
train() {
    srun --partition="$partition" --job-name="$job_name" \
        --signal=USR1@120 --ntasks="$gpus" --ntasks-per-node="$per_node" --gres="gpu:$per_node" \
        --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${extra[@]+"${extra[@]}"} \
        "${PYTHON:-python}" -u "$tools/train.py" "$config" --work-dir "$work_dir" --launcher slurm "$@"
}

resume=()
if ((${SLURM_RESTART_COUNT:-0})); then resume=(--resume); fi
started=$(mktemp)
trap 'rm -f "$started"' EXIT
while :; do
    touch "$started"
    status=0
    train "$@" ${resume[@]+"${resume[@]}"} || status=$?
    # The first task that ends with 75 gets the others killed, whose status srun may then return: the record decides.
    record=$work_dir/last_checkpoint
    if ((status == 0)) || ! [[ $record -nt $started && $(<"$record") == step_* ]]; then exit "$status"; fi
    if [ -n "${SLURM_JOB_ID:-}" ]; then scontrol requeue "$SLURM_JOB_ID"; exit; fi
    resume=(--resume)
done
