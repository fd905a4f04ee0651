#!/usr/bin/env bash
# Train a config on several devices of one machine, or of several.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$tools/_dist.sh"

expected='CONFIG and the number of GPUs'
usage() {
    cat <<END
usage: bash tools/dist_train.sh CONFIG GPUS [options of tools/train.py]

Train a config with GPUS processes on this machine, one for each GPU; without GPUs the processes use the CPU.

$ENVIRONMENT

example:
  CUDA_VISIBLE_DEVICES=0,1,2,3 bash tools/dist_train.sh configs/slowfast/phoenix2014.py 4 --auto-scale-lr
END
}

check_usage 2 "$@"
launch "$2" "$tools/train.py" "$1" --launcher pytorch "${@:3}"
