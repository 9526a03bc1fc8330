import { createClient } from "redis";

// publish tells the hubs. It is all that this server and coup know of each
// other: JSON on a Redis channel.
export function publish(channel, event) {
  return redis().withAbortSignal(AbortSignal.timeout(2000)).publish(channel, JSON.stringify(event));
}

// One connection for the whole process: opened by the first publish, so that
// `next build` needs no Redis, and kept where hot reloading finds it again.
function redis() {
  return (globalThis.coupRedis ??= open());
}

function open() {
  const client = createClient({ url: process.env.REDIS_URL, commandsQueueMaxLength: 1000 });
  client.on("error", (err) => console.error("redis:", err.message)); // it reconnects by itself
  client.connect().catch(() => {});
  return client;
}
