#!/usr/bin/env bash
# Make one post with RedditVideoMakerBot, in its checkout:  reddit_video_maker_bot.sh URL
#
# Its configuration names the post; everything else in config.toml stays as it is.
set -euo pipefail

post=$(sed -E 's#.*/comments/([a-z0-9]+).*#\1#; s#.*redd\.it/([a-z0-9]+).*#\1#' <<< "$1")
sed -i -E "s/^post_id *=.*/post_id = \"$post\"/" config.toml
# It asks on standard input what its configuration lacks: no answer is an error, not a wait.
exec .venv/bin/python main.py < /dev/null
