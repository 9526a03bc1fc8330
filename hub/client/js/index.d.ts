import type { Changed, ErrorCode, Joined, Message, More, Notification, Presence, ReadMarked, Sent, ServerToClientEvents, Signal, User } from "./events.js";

export * from "./events.js";

export type State = "offline" | "connecting" | "online" | "waiting" | "refused";

/** Where what is to be sent is kept. localStorage fits after a small wrapper. */
export interface Storage {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  /** The keys that begin with prefix. */
  keys(prefix: string): string[];
}

export interface ClientOptions {
  /** The URL of the endpoint, ws:// or wss://. */
  url: string;
  /** Returns a token. It is asked at the start, before the last one expires, and when one was refused. */
  token: () => string | Promise<string>;
  /** Whose unsent messages are kept in storage. */
  user?: string;
  storage?: Storage;
  /** The class to use where there is no global WebSocket: Node.js before version 22. */
  WebSocket?: new (url: string) => unknown;
}

/** The events of a client: those of the server, "state", and "missed": more was missed than is replayed. */
export interface ClientEvents {
  auth_success: User;
  auth_error: { code: ErrorCode; message: string };
  new_message: Message;
  message_edited: Parameters<ServerToClientEvents["message_edited"]>[0];
  message_deleted: Parameters<ServerToClientEvents["message_deleted"]>[0];
  message_reaction: Parameters<ServerToClientEvents["message_reaction"]>[0];
  notification: Notification;
  room_left: Parameters<ServerToClientEvents["room_left"]>[0];
  room_reset: Parameters<ServerToClientEvents["room_reset"]>[0];
  messages_erased: Parameters<ServerToClientEvents["messages_erased"]>[0];
  user_typing: Parameters<ServerToClientEvents["user_typing"]>[0];
  read_marked: ReadMarked;
  presence: Presence;
  signal: Signal;
  error: Parameters<ServerToClientEvents["error"]>[0];
  missed: Joined;
  state: { state: State; retryAt: number };
}

export class Client {
  constructor(options: ClientOptions);
  readonly state: State;
  /** Calls listener with the data of each event. The function that it returns ends that. */
  on<E extends keyof ClientEvents>(event: E, listener: (data: ClientEvents[E]) => void): () => void;
  /** Joins a study, and joins it again after each reconnection. */
  join(studyId: string, from?: { after?: number; afterSentAt?: string; presence?: boolean; reads?: boolean }): Promise<Joined>;
  leave(studyId: string): Promise<void>;
  /** Sends a message, and repeats it until it is stored or refused. */
  send(studyId: string, content: string, more?: More & { replyTo?: number }): Promise<Sent>;
  /** Replaces what a message of this user says: what more leaves out is gone. */
  edit(studyId: string, messageSeq: number, content: string, more?: More): Promise<Changed & { editedAt: string }>;
  delete(studyId: string, messageSeq: number): Promise<Changed & { deletedAt: string }>;
  /** Adds a reaction, or takes it away. seq is 0 if that changed nothing. */
  react(studyId: string, messageSeq: number, emoji: string, on?: boolean): Promise<Changed & { count: number }>;
  /** Keeps how far the user has read. */
  markRead(studyId: string, seq: number): Promise<{ studyId: string; seq: number; unread: number }>;
  /** Tells the others that the user is writing. Call it while one writes. */
  typing(studyId: string): void;
  /** Passes data to all connections of a user in a study that is joined. It is not stored. */
  signal(studyId: string, userId: string, kind: string, data: unknown): Promise<unknown>;
  close(): void;
}

/** Why a request failed. With "disconnected" and "timeout" the outcome is unknown. */
export class RequestError extends Error {
  constructor(code: RequestError["code"], message?: string, retryAfterMs?: number);
  code: ErrorCode | "disconnected" | "timeout";
  retryAfterMs: number;
}

/** One connection that reconnects by itself. */
export class Connection extends EventTarget {
  constructor(url: string, options?: { WebSocket?: ClientOptions["WebSocket"] });
  readonly state: State;
  readonly retryAt: number;
  /** Connects, or gives a connection that is up a new token. */
  start(token: string): void;
  stop(): void;
  retryNow(): void;
  probe(timeout?: number): Promise<void>;
  request(event: string, data: object, timeout?: number): Promise<unknown>;
}

/** A message that is not known to be stored. */
export interface Unsent {
  clientId: string;
  studyId: string;
  content: string;
  more?: More & { replyTo?: number };
  at: number;
  state: "waiting" | "sending" | "delayed" | "failed";
  error: string;
}

/** Messages that are not known to be stored, in the order in which they were written. */
export class Outbox extends EventTarget {
  constructor(connection: Connection, userId: string, join: (studyId: string) => Promise<boolean>, storage?: Storage);
  of(studyId: string): Unsent[];
  add(studyId: string, content: string, more?: More & { replyTo?: number }): Unsent;
  retry(clientId: string): void;
  discard(clientId: string): void;
  seen(clientId: string | undefined): void;
  flush(studyId: string): Promise<void>;
  flushAll(): void;
  close(): void;
}

/** A storage that is gone when the program ends. */
export function memory(): Storage;
export function newClientId(): string;
/** The delay before a retry in ms: random, with a maximum that doubles up to 30 s. */
export function delayOf(attempt: number, random?: () => number): number;
