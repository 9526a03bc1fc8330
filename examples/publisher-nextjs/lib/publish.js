import { createClient } from "redis";

// publish sends an event to the hubs: JSON on a Redis channel. This server and
// coup share nothing else.
export function publish(channel, event) {
  return redis().withAbortSignal(AbortSignal.timeout(2000)).publish(channel, JSON.stringify(event));
}

// redis returns the one connection of this process. The first publish opens it,
// so `next build` needs no Redis. globalThis keeps it across hot reloads.
function redis() {
  return (globalThis.coupRedis ??= open());
}

function open() {
  const client = createClient({ url: process.env.REDIS_URL, commandsQueueMaxLength: 1000 });
  client.on("error", (err) => console.error("redis:", err.message)); // it reconnects by itself
  client.connect().catch(() => {});
  return client;
}
