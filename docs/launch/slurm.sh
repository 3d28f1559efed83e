#!/usr/bin/env bash
# sbatch docs/launch/slurm.sh [FLAGS]: one run over 4 nodes with 8 GPUs each.
#SBATCH --job-name=wgan_gp
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

# The only task of a node has all of its GPUs; --ntasks-per-node=8 would divide them.
# Started again, the same command goes on from the newest checkpoint. The folder must be
# on a file system that all nodes share.
status=0
srun --kill-on-bad-exit=1 .venv/bin/python -m wgan_gp.main \
  --config experiments/cifar10_resnet.py --workdir "$HOME/runs/cifar10_resnet" "$@" \
  || status=$?
# 143: stopped by the signal 120 s before the time limit, and saved. After a failure of a
# node Slurm queues the job again by itself.
if [ "$status" -eq 143 ]; then scontrol requeue "$SLURM_JOB_ID"; fi
exit "$status"
