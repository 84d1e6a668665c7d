#!/usr/bin/env bash
# Make a video with MoneyPrinterTurbo, in its checkout (--cwd):  money_printer_turbo.sh TITLE TEXT_FILE VIDEO
#
# The text is spoken as it is; without --video-script the language model writes one about the title.
set -euo pipefail

task=$(cat /proc/sys/kernel/random/uuid)
uv run python cli.py --task-id "$task" --video-subject "$1" --video-script "$(cat "$2")" >&2
mv "storage/tasks/$task/final-1.mp4" "$3"
rm -r "storage/tasks/$task"
