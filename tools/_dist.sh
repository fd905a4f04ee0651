# What dist_train.sh and dist_test.sh share. They set `expected`, define `usage` and source this file.

ENVIRONMENT='environment:
  NNODES       machines that take part (default: 1)
  NODE_RANK    number of this machine, from 0 (default: 0)
  MASTER_ADDR  address of machine 0 (default: 127.0.0.1)
  PORT         its port; with one machine a free one is found (default with several: 29500)
  PYTHON       interpreter (default: python)'

# check_usage NUMBER ARGUMENTS...: print the usage for --help, or refuse if argument NUMBER is no count of GPUs.
check_usage() {
    local position=$1 argument
    shift
    for argument in "$@"; do
        case $argument in -h | --help) usage && exit 0 ;; esac
    done
    if [ $# -lt "$position" ] || ! [[ ${!position} =~ ^[1-9][0-9]*$ ]]; then
        echo "error: ${0##*/}: got '$*', expected $expected." >&2
        usage >&2
        exit 2
    fi
}

# launch GPUS TOOL ARGUMENTS...: replace this process by GPUS processes of a tool.
launch() {
    local gpus=$1 tool=$2 where
    shift 2
    if [ "${NNODES:-1}" = 1 ] && [ -z "${PORT:-}" ]; then
        where=(--standalone)
    else
        where=(
            --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}"
            --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}"
        )
    fi
    exec "${PYTHON:-python}" -m torch.distributed.run "${where[@]}" --nproc_per_node="$gpus" "$tool" "$@"
}
