#!/bin/sh
# Temporal on one machine: a server, two workers for different steps, a run over both, a worker lost.
# Everything is in a folder that goes away, and on ports that were free. TEMPORAL is the program of the
# server, PYTHON one that can be asked for a port.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
server= plain= gpu= worker=

clean_up() {
    for pid in $plain $gpu $worker $server; do kill "$pid" 2>/dev/null || true; done
    for pid in $plain $gpu $worker $server; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf '\n# %s\n' "$*"; }

run() {
    printf '\n$ reconciler %s\n' "$*"
    reconciler "$@"
}

# Until a command succeeds; what it prints is not shown.
wait_for() {
    left=300
    until "$@" > /dev/null 2>&1; do
        left=$((left - 1))
        test "$left" -gt 0 || { echo "waited too long for: $*" >&2; exit 1; }
        sleep 0.1
    done
}

# trigger [OPTION]...: the name of the run in $name; what is said of it follows the command.
trigger() {
    printf '\n$ reconciler trigger %s\n' "$*"
    name=$(reconciler trigger "$@")
    printf '%s\n' "$name"
}

# start_worker MACHINE [OPTION]...: its number in $worker.
start_worker() {
    machine=$1; shift
    printf "\n$ reconciler worker%s &\n" "${*:+ $*}"
    reconciler worker "$@" --folder "machines/$machine" > "$machine.log" 2>&1 &
    worker=$!
    wait_for grep -q worker_started "$machine.log"
}

ports=$("$PYTHON" -c '
import socket
both = [socket.socket() for _ in range(2)]
for one in both: one.bind(("127.0.0.1", 0))
print(*[one.getsockname()[1] for one in both])')
address=127.0.0.1:${ports% *}
pages=${ports#* }

cd "$work"
cp -R "$here/schedules" schedules
mkdir schedules/code
cat > reconciler.yaml <<YAML
owner: example-team
schedules: [schedules]
exclude: [schedules/score-new-images.yml]   # waits for files
targets:
  cluster: {provider: temporal, address: "$address", store: store, lost_after: 3}
YAML
cat > schedules/two-machines.yml <<'YAML'
name: two-machines
description: Prepare on one machine, train on another, report on the first.
trigger: {type: cron, expression: "0 3 * * *"}
create_job: ./pipelines/two-machines.yml
YAML
cat > schedules/pipelines/two-machines.yml <<'YAML'
type: pipeline
inputs: {seconds: 2}
jobs:
  prepare:
    command: seq 1000 > ${{outputs.rows}}/rows.txt
    outputs: {rows: }
  train:
    compute: gpu
    code: ../code
    command: sh train.sh ${{inputs.rows}} ${{inputs.seconds}} ${{outputs.model}}
    inputs:
      rows: ${{parent.jobs.prepare.outputs.rows}}
      seconds: ${{parent.inputs.seconds}}
    outputs: {model: }
  report:
    command: cat ${{inputs.model}}/model.txt
    inputs: {model: "${{parent.jobs.train.outputs.model}}"}
YAML
cat > schedules/code/train.sh <<'SH'
echo "training on $(wc -l < "$1/rows.txt") rows"
for second in $(seq "$2"); do sleep 1; echo "epoch $second"; done
echo "a model of $(wc -l < "$1/rows.txt") rows" > "$3/model.txt"
SH

say "A server of Temporal, for development: one program, one file."
"$TEMPORAL" server start-dev --ip 127.0.0.1 --port "${ports% *}" --ui-port "$pages" \
    --db-filename temporal.db --log-level error > server.log 2>&1 &
server=$!
wait_for "$TEMPORAL" operator namespace describe --address "$address" --namespace default

say "The examples, and a pipeline whose steps name two machines."
run apply --yes
run plan --exit-code

say "Two workers: of steps that name no compute, and of those for gpu. They share the store alone."
start_worker plain; plain=$worker
start_worker gpu --compute gpu; gpu=$worker

say "A run over both, its log followed. It is what the schedule would have started."
trigger two-machines
run runs logs "$name" --follow
run runs show "$name"

say "Again, and the worker of the gpu is killed in the middle (kill -9)."
trigger two-machines --input seconds=600
lost=$name
training() { reconciler runs logs "$lost" --step train | grep -q 'epoch 1'; }
wait_for training
kill -9 "$gpu"; wait "$gpu" 2>/dev/null || true; gpu=
ended() { reconciler runs show "$lost" --format json | grep -q '"status": "Failed"'; }
wait_for ended
run runs show "$lost"

say "A worker takes its place. No step was begun twice; the next run has what it needs."
start_worker gpu --compute gpu; gpu=$worker
trigger two-machines
listed() { reconciler runs list | grep -q "^$name .*Completed"; }
wait_for listed
run runs list
run next two-machines --count 1

say "Next: docs/scaling.md has a server that stays, a worker on each machine, and what to back up."
if [ -t 0 ]; then
    printf '# Until you press Enter, Temporal shows all this at http://127.0.0.1:%s\n' "$pages"
    read -r _ || true
fi
