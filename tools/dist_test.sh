#!/usr/bin/env bash
# Score a checkpoint on several devices of one machine, or of several.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$tools/_dist.sh"

expected='CONFIG, CHECKPOINT and the number of GPUs'
usage() {
    cat <<END
usage: bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [options of tools/test.py]

Score a checkpoint with GPUS processes on this machine, one for each GPU; without GPUs the processes use the CPU.

$ENVIRONMENT

example:
  bash tools/dist_test.sh configs/slowfast/phoenix2014.py work_dirs/phoenix2014 4 --split dev test
END
}

check_usage 3 "$@"
launch "$3" "$tools/test.py" "$1" "$2" --launcher pytorch "${@:4}"
