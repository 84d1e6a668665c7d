// Publish a batch of stories with Node's amqplib:  node publish.mjs BATCH_ID URL…
//
// `npm ci` in this folder installs amqplib. The exchanges must exist: `gt-topology declare`.
import { randomUUID } from "node:crypto";
import amqp from "amqplib";

const broker = process.env.GT_AMQP_URL ?? "amqp://guest:guest@127.0.0.1:5672";
const namespace = process.env.GT_NAMESPACE ?? "gt";
const [batch, ...urls] = process.argv.slice(2);

const connection = await amqp.connect(broker);
const channel = await connection.createConfirmChannel();

function send(exchange, key, message) {
  const body = Buffer.from(JSON.stringify({ v: 1, batch_id: batch, ...message }));
  channel.publish(`${namespace}.${exchange}`, key, body, {
    contentType: "application/json",
    persistent: true,
    messageId: randomUUID(),
  });
}

// The id of an event and the time belong to it: one that is sent again counts once.
function event(type, fields = {}) {
  const event = { type, event_id: randomUUID(), at: new Date().toISOString(), ...fields };
  send("results", `${batch}.${type}`, event);
}

const stories = urls.map((url, n) => ({ story_id: `story-${n + 1}`, position: n + 1, url }));
event("batch.opened", { total: stories.length });
event("batch.stories", { stories });
for (const story of stories) send("stories", "story", { ...story, canonical_url: story.url });
event("batch.sealed");

// Published is what the broker has confirmed.
await channel.waitForConfirms();
console.error(`${stories.length} stories published`);
await connection.close();
