#!/usr/bin/env bash
# A program as the orchestrator: two seconds of one colour. It needs ffmpeg on PATH, or the path of one in FFMPEG;
# gt-doctor prints that of the studio's.
#   gt-batch examples/the-last-cupcake.md --orchestrator 'command:bash examples/command_orchestrator.sh {url}'
set -euo pipefail
url=$1
echo '{"stage": "render", "fraction": 0.0}'
echo "making a video of $url" # not a JSON object, so it goes to the log
"${FFMPEG:-ffmpeg}" -v error -f lavfi -i color=teal:size=360x640:rate=30:duration=2 -pix_fmt yuv420p video.mp4 ||
    exit 75 # try again later
echo '{"cost": {"provider": "ffmpeg", "amount": 0}}'
echo '{"output_path": "video.mp4", "duration": 2.0}'
