#!/usr/bin/env bash
# Trains under Slurm, one task per GPU.
#
#   [GPUS=8] [GPUS_PER_NODE=8] [CPUS_PER_TASK=5] [SRUN_ARGS="..."] \
#       tools/slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [options of tools/train.py]
#
# Runs that start on one machine at the same time need a MASTER_PORT of their own (default 29500).
set -euo pipefail

if [ "$#" -lt 4 ]; then
    echo "usage: $0 PARTITION JOB_NAME CONFIG WORK_DIR [options of tools/train.py]; found: $*" >&2
    exit 2
fi
partition=$1
job_name=$2
config=$3
work_dir=$4
shift 4
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
gpus=${GPUS:-8}
per_node=${GPUS_PER_NODE:-8}
if [ "$gpus" -lt "$per_node" ]; then
    per_node=$gpus
fi
# Words on purpose: SRUN_ARGS holds several options.
read -r -a extra <<<"${SRUN_ARGS:-}"

PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec srun --partition "$partition" --job-name "$job_name" \
    --gres "gpu:$per_node" --ntasks "$gpus" --ntasks-per-node "$per_node" \
    --cpus-per-task "${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${extra[@]+"${extra[@]}"} \
    "${PYTHON:-python}" -u "$root/tools/train.py" "$config" --work-dir "$work_dir" --launcher slurm "$@"
