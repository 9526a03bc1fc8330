export { Client } from "./client.js";
export { Connection, RequestError, delayOf } from "./connection.js";
export { Outbox, memory, newClientId } from "./outbox.js";
