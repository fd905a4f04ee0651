#!/usr/bin/env bash
# Train a config on several devices of one machine, or of several.
set -euo pipefail

usage() {
    cat <<'END'
usage: bash tools/dist_train.sh CONFIG GPUS [options of tools/train.py]

Train a config with GPUS processes on this machine, one for each GPU; without GPUs the processes use the CPU.

environment:
  NNODES       machines that take part (default: 1)
  NODE_RANK    number of this machine, from 0 (default: 0)
  MASTER_ADDR  address of machine 0 (default: 127.0.0.1)
  PORT         its port; with one machine a free one is found (default with several: 29500)
  PYTHON       interpreter (default: python)

example:
  CUDA_VISIBLE_DEVICES=0,1,2,3 bash tools/dist_train.sh configs/slowfast/phoenix2014.py 4 --auto-scale-lr
END
}

for argument in "$@"; do
    case $argument in -h | --help) usage && exit 0 ;; esac
done
if [ $# -lt 2 ] || ! [[ $2 =~ ^[1-9][0-9]*$ ]]; then
    echo "error: dist_train.sh: got '$*', expected CONFIG and the number of GPUs." >&2
    usage >&2
    exit 2
fi
config=$1 gpus=$2
shift 2

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
    "$tools/train.py" "$config" --launcher pytorch "$@"
