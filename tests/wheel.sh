#!/bin/sh
# The wheel, as a user gets it: built, installed into a virtual environment of its own, and used
# in an empty folder. $1 is a Python that has `build`.
set -eu

python=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m build --wheel --outdir "$work/dist" "$source" >"$work/build.log" 2>&1 || {
    cat "$work/build.log"
    exit 1
}
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint "$source/constraints.txt" "$work"/dist/*.whl
PATH="$work/venv/bin:$PATH"
cd "$work"
reconciler --version
reconciler init --ci github repository
cd repository
reconciler validate
reconciler plan --format html >plan.html
if reconciler plan --exit-code; then exit 1; else test $? -eq 3; fi
reconciler apply --yes
reconciler plan --exit-code
reconciler status
reconciler explain SCH014 >/dev/null
reconciler schema >/dev/null
for name in schedule job config plan; do reconciler schema "$name" >/dev/null; done
# What init says of the pipelines is a file that is there.
for forge in github gitlab azuredevops; do
    guide=$(reconciler init --ci "$forge" --owner me --editor "$work/$forge" |
        sed -n 's/^what the pipelines need once is in //p')
    test -f "$guide"
done
echo "wheel: ok"
