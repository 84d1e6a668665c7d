// Print the events of a batch, one JSON document per line, with Node's amqplib:  node follow.mjs BATCH_ID
//
// Ends when every story of the batch has ended.
import amqp from "amqplib";

const broker = process.env.GT_AMQP_URL ?? "amqp://guest:guest@127.0.0.1:5672";
const namespace = process.env.GT_NAMESPACE ?? "gt";
const [batch] = process.argv.slice(2);

const connection = await amqp.connect(broker);
const channel = await connection.createChannel();
const { queue } = await channel.assertQueue("", { exclusive: true });
await channel.bindQueue(queue, `${namespace}.progress`, `${batch}.#`);

let total = Infinity;
const ended = new Set();

await channel.consume(
  queue,
  async (message) => {
    if (message === null) return; // the broker has ended the queue
    const event = JSON.parse(message.content);
    console.log(JSON.stringify(event));
    if (event.type === "batch.opened") total = event.total;
    if (["story.succeeded", "story.failed"].includes(event.type)) ended.add(event.story_id);
    if (ended.size >= total) await connection.close();
  },
  { noAck: true },
);
console.error("following");
