#!/usr/bin/env bash
# Print the events of a batch, one JSON document per line, with amqp-tools:  ./follow.sh BATCH_ID [COUNT]
#
# Needs `amqp-consume` (Debian: amqp-tools). With COUNT it ends after so many events.
set -euo pipefail

broker=${GT_AMQP_URL:-amqp://guest:guest@127.0.0.1:5672}
broker=${broker%/} # amqp-tools take a slash at the end for a virtual host without a name
namespace=${GT_NAMESPACE:-gt}

# Without --queue the broker names a queue, which ends with this program.
amqp-consume --url="$broker" --exclusive --no-ack ${2:+--count="$2"} \
    -e "$namespace.progress" -r "$1.#" -- sh -c 'cat; echo'
