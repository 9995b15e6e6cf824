#!/bin/sh
# The examples of schedules/ on this machine, from an empty workspace to a run that fired, and its page.
# At a terminal they stay served until Ctrl-C; elsewhere they are ended.
set -eu

log=.reconciler/demo.log
server=

run() {
    printf '\n$ reconciler %s\n' "$*"
    reconciler "$@"
}

end() {
    test -z "$server" || kill "$server" 2>/dev/null || true
    test -z "$server" || wait "$server" 2>/dev/null || true
    server=
}

# Wait for a line of the server's log that has $1.
wait_for() {
    until grep -q "$1" "$log"; do
        kill -0 "$server" 2>/dev/null || { cat "$log" && exit 1; }
        sleep 0.2
    done
}

trap end EXIT
trap 'exit 0' INT TERM
rm -rf .reconciler
run validate
run plan
run apply --yes
run plan --exit-code
printf '\nThe second plan is empty: live is what the repository says.\n'

printf '\n$ reconciler serve\n'
reconciler serve --port 0 >"$log" 2>&1 &
server=$!
wait_for ' link url='
wait_for 'run_ended.*run="hello-'
name=$(sed -n 's/.*run_ended.*run="\(hello-[^"]*\)".*/\1/p' "$log" | head -n 1)
run runs list
run runs logs "$name"
run trigger hello --input name=you --follow
link=$(sed -n 's/.* link url="\([^"]*\)".*/\1/p' "$log" | head -n 1)
printf '\nhello fired by itself. Its run, with its log, in a browser:\n\n    %s&next=/runs/%s\n' "$link" "$name"
if [ -t 1 ]; then
    printf '\nCtrl-C ends it.\n'
    wait "$server" || true
fi
