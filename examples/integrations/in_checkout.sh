#!/usr/bin/env bash
# Run a program in a checkout of its own, for pipelines that write into the folder of their code:
#   in_checkout.sh FOLDER -- PROGRAM ARG…
#
# FOLDER/* are the checkouts, one for each slot. One that is free is locked as long as the program runs; a killed
# run frees it. The videos that it has written are copied into the working folder: one of them is the result.
set -euo pipefail

checkouts=$1
[ "$2" = -- ]
shift 2
workdir=$PWD

for checkout in "$checkouts"/*/; do
    exec {lock}> "$checkout/.gt-slot"
    if flock --nonblock "$lock"; then
        touch "$workdir/.started"
        cd "$checkout"
        "$@"
        find . -newer "$workdir/.started" -name '*.mp4' -not -path '*/temp/*' -not -path '*/OnlyTTS/*' \
            -exec cp --target-directory="$workdir" {} +
        exit 0
    fi
done
echo "every checkout in $checkouts is in use; make one for each slot" >&2
exit 75
