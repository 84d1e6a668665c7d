#!/usr/bin/env bash
# Publish a batch of stories with amqp-tools:  ./publish.sh BATCH_ID URL…
#
# Needs `amqp-publish` (Debian: amqp-tools) and the exchanges (`gt-topology declare`). It does not wait for the
# broker's confirms, so a broken connection may lose the last stories: docs/messages.md.
set -euo pipefail

broker=${GT_AMQP_URL:-amqp://guest:guest@127.0.0.1:5672}
broker=${broker%/} # amqp-tools take a slash at the end for a virtual host without a name
namespace=${GT_NAMESPACE:-gt}
batch=$1
shift
urls=("$@")

quote() { # a text as JSON
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

send() { # exchange, routing key, body
    amqp-publish --url="$broker" -e "$namespace.$1" -r "$2" -p -C application/json -b "$3"
}

# The id of an event and the time belong to it: one that is sent again counts once.
event() { # type, further fields
    local now id
    now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    id=$(cat /proc/sys/kernel/random/uuid)
    send results "$batch.$1" "{\"v\": 1, \"type\": \"$1\", \"event_id\": \"$id\", \"batch_id\": \"$batch\", \"at\": \"$now\"$2}"
}

event batch.opened ", \"total\": ${#urls[@]}"

entries=
for n in "${!urls[@]}"; do
    entries+="${entries:+, }{\"story_id\": \"story-$((n + 1))\", \"position\": $((n + 1)), \"url\": $(quote "${urls[n]}")}"
done
event batch.stories ", \"stories\": [$entries]"

for n in "${!urls[@]}"; do
    url=$(quote "${urls[n]}")
    send stories story "{\"v\": 1, \"batch_id\": \"$batch\", \"story_id\": \"story-$((n + 1))\", \
\"position\": $((n + 1)), \"url\": $url, \"canonical_url\": $url}"
done

event batch.sealed ""
