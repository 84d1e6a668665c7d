// A Node program as the orchestrator: the story's title in the middle of a coloured picture.
//
//   gt-batch ../the-last-cupcake.md --orchestrator 'command:node make.mjs'
//
// It reads all that is known of the story from story.json in its working folder.
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { once } from "node:events";

const story = JSON.parse(await readFile("story.json", "utf8"));
const report = (message) => console.log(JSON.stringify(message));

report({ stage: "title", fraction: 0 });
await writeFile("title.txt", story.title ?? story.url);

report({ stage: "render", fraction: 0 });
const colour = story.options.colour ?? "teal";
const ffmpeg = spawn(
  "ffmpeg",
  [
    ...["-v", "error", "-f", "lavfi", "-i", `color=${colour}:size=360x640:rate=30:duration=2`],
    ...["-vf", "drawtext=textfile=title.txt:expansion=none:fontcolor=white:fontsize=24:x=(w-tw)/2:y=h/2"],
    ...["-pix_fmt", "yuv420p", "video.mp4"],
  ],
  { stdio: "inherit" },
);
const [code] = await once(ffmpeg, "exit");
if (code !== 0) process.exit(1);
report({ output_path: "video.mp4", duration: 2.0 });
