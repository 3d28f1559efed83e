#!/usr/bin/env bash
# docs/launch/ssh.sh HOST HOST ... -- FLAGS: one run over hosts that ssh reaches. The
# repository, with its .venv, and the workdir are at the same place on all of them.
set -euo pipefail

hosts=()
while (($#)) && [[ $1 != -- ]]; do
  hosts+=("$1")
  shift
done
shift || { echo "usage: $0 HOST HOST ... -- FLAGS" >&2; exit 2; }

started=()
for i in "${!hosts[@]}"; do
  ssh "${hosts[i]}" "cd $(printf %q "$PWD") && .venv/bin/python -m wgan_gp.main \
    --coordinator ${hosts[0]}:8476 --hosts ${#hosts[@]} --host $i $(printf '%q ' "$@")" &
  started+=($!)
done
# Waits for all; ends with the status of the first in this list that failed.
status=0
for process in "${started[@]}"; do
  wait "$process" || { failed=$?; ((status)) || status=$failed; }
done
exit "$status"
