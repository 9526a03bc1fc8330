// The events of coup, for the stock Socket.IO client:
//
//   const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io(url, { auth: { token } });

/** A message of a study. Times are RFC 3339 in UTC. */
export interface Message {
  id: string;
  studyId: string;
  /** The number of the message in its study: 1, 2, 3 and so on. */
  seq: number;
  userId: string;
  userName: string;
  content: string;
  sentAt: string;
  clientId?: string;
  /** The seq of the message that it answers. */
  replyTo?: number;
  mentions?: string[];
  attachments?: Attachment[];
  /** What the application added. */
  meta?: Record<string, unknown>;
  editedAt?: string;
  /** It is deleted: content is empty, and the rest is gone. */
  deletedAt?: string;
  reactions?: Reaction[];
}

/** A file of a message. url is a path of the same site, or an https URL. */
export interface Attachment {
  url: string;
  name?: string;
  type?: string;
  /** In bytes. */
  size?: number;
}

export interface Reaction {
  emoji: string;
  count: number;
  /** The first of them, at most 20. */
  userIds: string[];
}

/** What a message says besides text. */
export interface More {
  mentions?: string[];
  attachments?: Attachment[];
  meta?: Record<string, unknown>;
}

export interface History {
  studyId: string;
  /** The newest seq of the study, read before the messages. */
  seq: number;
  messages: Message[];
  more: boolean;
}

interface Changing {
  studyId: string;
  messageSeq: number;
  clientId?: string;
}

export interface Changed {
  studyId: string;
  /** 0: nothing has changed. */
  seq: number;
  messageSeq: number;
}

interface Change {
  studyId: string;
  seq: number;
  sentAt: string;
  /** The seq of the message that is changed. */
  messageSeq: number;
  userId: string;
}

/** The message says this now. */
export interface MessageEdited extends Change, More {
  content: string;
  editedAt: string;
  deletedAt?: string;
}

export interface MessageDeleted extends Change {
  deletedAt: string;
}

/** A user added a reaction (on) or took it away; count users have it now. */
export interface MessageReaction extends Change {
  userName: string;
  emoji: string;
  on: boolean;
  count: number;
}

/** A short text for a user or a room, which is not stored. */
export interface Notification {
  type: string;
  message: string;
  /** A path of the same site, or an https URL. */
  link?: string;
  studyId?: string;
  /** The same id is shown once. */
  id?: string;
}

export type ErrorCode =
  | "bad_request" | "unauthorized" | "forbidden" | "not_joined" | "too_large" | "empty"
  | "rate_limited" | "unavailable" | "internal" | "not_found" | "unsupported" | "rejected"
  | "token_invalid" | "token_expired" | "token_revoked" | "user_mismatch";

export interface ChatError {
  code: ErrorCode;
  message: string;
  retryAfterMs?: number;
}

export interface User {
  userId: string;
  userName: string;
  expiresAt: string;
}

export interface Joined {
  studyId: string;
  /** The newest seq of the study. */
  seq: number;
  sentAt?: string;
  /** Too much was missed: read the history. */
  truncated?: true;
  /** The server has another history than the client has seen: read it anew. */
  reset?: true;
  /** With presence: the users there, at most 200 of onlineCount. Others follow as events. */
  online?: Person[];
  onlineCount?: number;
  /** With reads: how far the user has read, and how many messages of others came after it, 99 at most. */
  readSeq?: number;
  unread?: number;
}

export interface Person {
  userId: string;
  userName: string;
}

/** A user came or left; or, without a user, so many are there that nobody is named. */
export type Presence =
  | (Person & { studyId: string; online: boolean; onlineCount?: undefined })
  | { studyId: string; onlineCount: number; userId?: undefined };

/** How far a user has read. unread is there if it is the user of the connection. */
export interface ReadMarked {
  studyId: string;
  userId: string;
  seq: number;
  unread?: number;
}

/** What another user in the room has sent, for a call. */
export interface Signal {
  studyId: string;
  from: string;
  fromName: string;
  kind: string;
  data: unknown;
}

export interface Sent {
  id: string;
  studyId: string;
  seq: number;
  sentAt: string;
  clientId?: string;
}

/** What a callback gets. */
export type Answer<T> = ({ ok: true } & T) | { ok: false; error: ChatError };

/** How far a client has come. The stock client keeps it by itself. */
export type Cursor = string;

export interface ServerToClientEvents {
  auth_success: (user: User) => void;
  auth_error: (error: { code: ErrorCode; message: string }) => void;
  new_message: (message: Message, cursor: Cursor) => void;
  message_edited: (edited: MessageEdited, cursor: Cursor) => void;
  message_deleted: (deleted: MessageDeleted, cursor: Cursor) => void;
  message_reaction: (reaction: MessageReaction, cursor: Cursor) => void;
  notification: (notification: Notification) => void;
  room_left: (left: { studyId: string; reason: "kicked" | "study_deleted" | "membership_lost" }) => void;
  room_reset: (reset: { studyId: string; seq: number; sentAt?: string }) => void;
  messages_erased: (erased: { studyId: string; seq?: number; sentAt?: string; from: number; to: number }, cursor?: Cursor) => void;
  user_typing: (typing: Person & { studyId: string }) => void;
  read_marked: (mark: ReadMarked) => void;
  presence: (presence: Presence) => void;
  signal: (signal: Signal) => void;
  error: (error: ChatError) => void;
  cursor: (cursor: Cursor) => void;
}

export interface ClientToServerEvents {
  authenticate: (data: { token: string }, callback?: (answer: Answer<User>) => void) => void;
  join_room: (data: { studyId: string; after?: number; afterSentAt?: string; presence?: boolean; reads?: boolean }, callback?: (answer: Answer<Joined>) => void) => void;
  leave_room: (data: { studyId: string }, callback?: (answer: Answer<{ studyId: string }>) => void) => void;
  send_message: (data: { studyId: string; content?: string; clientId?: string; replyTo?: number } & More, callback?: (answer: Answer<Sent>) => void) => void;
  edit_message: (data: Changing & { content?: string } & More, callback?: (answer: Answer<Changed & { editedAt: string }>) => void) => void;
  get_history: (data: { studyId: string; before?: number; after?: number; limit?: number }, callback?: (answer: Answer<History>) => void) => void;
  mark_read: (data: { studyId: string; seq: number }, callback?: (answer: Answer<{ studyId: string; seq: number; unread: number }>) => void) => void;
  typing: (data: { studyId: string }, callback?: (answer: Answer<{ studyId: string }>) => void) => void;
  signal: (data: { studyId: string; to: string; kind: string; data: unknown }, callback?: (answer: Answer<{ studyId: string }>) => void) => void;
  delete_message: (data: Changing, callback?: (answer: Answer<Changed & { deletedAt: string }>) => void) => void;
  react: (data: Changing & { emoji: string; on: boolean }, callback?: (answer: Answer<Changed & { count: number }>) => void) => void;
}
