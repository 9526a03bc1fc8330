// Runs clients of socket.io-client for a test. It reads commands from standard input and writes
// what happens to standard output, one JSON object a line each.
"use strict";

const readline = require("node:readline");
const { io } = require("socket.io-client");

const clients = new Map();

const say = (id, event, fields) => process.stdout.write(JSON.stringify({ id, event, ...fields }) + "\n");

const commands = {
  // open connects a client. Its options are those of io().
  open({ id, url, options }) {
    const socket = io(url, { forceNew: true, ...options });
    clients.set(id, socket);
    const watch = () => socket.io.engine.on("upgrade", (transport) => say(id, "@upgrade", { transport: transport.name }));
    socket.io.on("open", watch);
    socket.io.on("reconnect_attempt", () => say(id, "@attempt", {}));
    socket.on("connect", () => say(id, "@connect", { recovered: socket.recovered, sid: socket.id, transport: socket.io.engine.transport.name }));
    socket.on("disconnect", (reason) => say(id, "@disconnect", { reason, active: socket.active }));
    socket.on("connect_error", (error) => say(id, "@connect_error", { message: error.message, data: error.data, active: socket.active, status: error.context?.status }));
    socket.onAny((event, ...args) => say(id, event, { args }));
  },
  // emit sends an event. With call the answer is the event "@answer" with it.
  emit({ id, event, args, call, timeout }) {
    const socket = clients.get(id);
    if (call === undefined) {
      socket.emit(event, ...args);
      return;
    }
    const to = timeout ? socket.timeout(timeout) : socket;
    if (timeout || socket.io.opts.ackTimeout) {
      to.emit(event, ...args, (error, answer) => say(id, "@answer", { call, failed: error ? error.message : undefined, args: [answer] }));
    } else {
      to.emit(event, ...args, (answer) => say(id, "@answer", { call, args: [answer] }));
    }
  },
  // cut ends the transport as a network does.
  cut({ id }) {
    clients.get(id).io.engine.close();
  },
  disconnect({ id }) {
    clients.get(id).disconnect();
  },
  connect({ id }) {
    clients.get(id).connect();
  },
  // auth changes what CONNECT carries.
  auth({ id, auth }) {
    clients.get(id).auth = auth;
  },
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const command = JSON.parse(line);
  commands[command.do](command);
}).on("close", () => process.exit(0));
