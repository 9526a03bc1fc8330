// The part of the npm package redis that examples/publisher-nextjs uses, so that its test
// needs nothing from the network. It talks to a real Redis.

import { connect } from "node:net";

export function createClient({ url }) {
  const { hostname, port } = new URL(url);
  let socket;
  const client = {
    on: () => client,
    withAbortSignal: () => client,
    connect: async () => (socket = connect(Number(port), hostname)),
    publish: (...args) =>
      new Promise((done, failed) => {
        const words = ["PUBLISH", ...args];
        socket.once("error", failed);
        socket.once("data", (answer) => done(Number(String(answer).slice(1)))); // :receivers
        socket.write(`*${words.length}\r\n${words.map((w) => `$${Buffer.byteLength(w)}\r\n${w}\r\n`).join("")}`);
      }),
  };
  return client;
}
