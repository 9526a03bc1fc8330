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
  | "rate_limited" | "unavailable" | "internal"
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
  notification: (notification: Notification) => void;
  room_left: (left: { studyId: string; reason: "kicked" | "study_deleted" | "membership_lost" }) => void;
  room_reset: (reset: { studyId: string; seq: number; sentAt?: string }) => void;
  messages_erased: (erased: { studyId: string; from: number; to: number }) => void;
  error: (error: ChatError) => void;
  cursor: (cursor: Cursor) => void;
}

export interface ClientToServerEvents {
  authenticate: (data: { token: string }, callback?: (answer: Answer<User>) => void) => void;
  join_room: (data: { studyId: string; after?: number; afterSentAt?: string }, callback?: (answer: Answer<Joined>) => void) => void;
  leave_room: (data: { studyId: string }, callback?: (answer: Answer<{ studyId: string }>) => void) => void;
  send_message: (data: { studyId: string; content: string; clientId?: string }, callback?: (answer: Answer<Sent>) => void) => void;
}
