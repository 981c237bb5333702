#!/usr/bin/env bash
# Trains in several processes on this machine, or on several machines: one process per GPU, or on CPU cores.
#
#   tools/dist_train.sh CONFIG PROCESSES [options of tools/train.py]
#
# Several machines: call it on each of them with NNODES, NODE_RANK (0 on the first), MASTER_ADDR and MASTER_PORT set;
# PROCESSES is the number per machine.
set -euo pipefail

if [ "$#" -lt 2 ] || ! [[ "$2" =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: $0 CONFIG PROCESSES [options of tools/train.py]; found: $*" >&2
    exit 2
fi
config=$1
processes=$2
shift 2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

arguments=(--nproc-per-node "$processes")
if [ -n "${NNODES:-}" ]; then
    : "${NODE_RANK:?expected with NNODES}" "${MASTER_ADDR:?expected with NNODES}"
    arguments+=(--nnodes "$NNODES" --node-rank "$NODE_RANK")
    arguments+=(--master-addr "$MASTER_ADDR" --master-port "${MASTER_PORT:-29500}")
else
    # A port that is free: several runs may share the machine.
    arguments+=(--standalone)
fi

PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec "${PYTHON:-python}" -m torch.distributed.run "${arguments[@]}" \
    "$root/tools/train.py" "$config" --launcher pytorch "$@"
