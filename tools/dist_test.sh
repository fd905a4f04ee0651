#!/usr/bin/env bash
# Score a checkpoint on several devices of one machine, or of several.
set -euo pipefail

usage() {
    cat <<'END'
usage: bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [options of tools/test.py]

Score a checkpoint with GPUS processes on this machine, one for each GPU; without GPUs the processes use the CPU.

environment:
  NNODES       machines that take part (default: 1)
  NODE_RANK    number of this machine, from 0 (default: 0)
  MASTER_ADDR  address of machine 0 (default: 127.0.0.1)
  PORT         its port; with one machine a free one is found (default with several: 29500)
  PYTHON       interpreter (default: python)

example:
  bash tools/dist_test.sh configs/slowfast/phoenix2014.py work_dirs/phoenix2014 4 --split dev test
END
}

for argument in "$@"; do
    case $argument in -h | --help) usage && exit 0 ;; esac
done
if [ $# -lt 3 ] || ! [[ $3 =~ ^[1-9][0-9]*$ ]]; then
    echo "error: dist_test.sh: got '$*', expected CONFIG, CHECKPOINT and the number of GPUs." >&2
    usage >&2
    exit 2
fi
config=$1 checkpoint=$2 gpus=$3
shift 3

tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ "${NNODES:-1}" = 1 ] && [ -z "${PORT:-}" ]; then
    where=(--standalone)
else
    where=(
        --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}"
        --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}"
    )
fi
exec "${PYTHON:-python}" -m torch.distributed.run "${where[@]}" --nproc_per_node="$gpus" \
    "$tools/test.py" "$config" "$checkpoint" --launcher pytorch "$@"
