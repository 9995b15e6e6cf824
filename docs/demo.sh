#!/bin/sh
# The examples of schedules/ against the embedded workspace, from an empty one to nothing to change.
set -eu

run() {
    printf '\n$ reconciler %s\n' "$*"
    reconciler "$@"
}

rm -rf .reconciler
run validate
run plan
run apply --yes
run status
run plan --exit-code
printf '\nThe second plan is empty: live is what the repository says.\n'
