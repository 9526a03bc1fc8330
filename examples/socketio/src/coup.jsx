import { createContext, useContext, useEffect, useState } from "react";
import { io } from "socket.io-client";

const Chat = createContext(null);

// ChatProvider connects with a token, and again by itself when the connection ends.
export function ChatProvider({ url, token, children }) {
  const [socket, setSocket] = useState(null);
  useEffect(() => {
    const next = io(url, { auth: { token } });
    setSocket(next);
    return () => next.disconnect();
  }, [url, token]);
  return <Chat.Provider value={socket}>{children}</Chat.Provider>;
}

// useStudy joins a study. It returns its messages from now on, a function that sends one, and
// whether the client is in the room now.
export function useStudy(studyId) {
  const socket = useContext(Chat);
  const [messages, setMessages] = useState([]);
  const [joined, setJoined] = useState(false);
  useEffect(() => {
    if (!socket) return;
    let last; // the newest message that is shown
    const join = async () => {
      if (socket.recovered && last) return setJoined(true); // the server has joined the room, and sends what was missed
      const after = last && { after: last.seq, afterSentAt: last.sentAt };
      const ack = await socket.emitWithAck("join_room", { studyId, ...after });
      setJoined(ack.ok);
      if (ack.truncated || ack.reset) setMessages([]); // read the history of your own server here
    };
    const handlers = {
      connect: join,
      disconnect: () => setJoined(false),
      new_message: (m) => {
        if (m.studyId !== studyId || (last && m.seq <= last.seq)) return;
        last = m;
        setMessages((all) => [...all, m]);
      },
      room_left: (left) => left.studyId === studyId && setJoined(false),
    };
    for (const [name, f] of Object.entries(handlers)) socket.on(name, f);
    if (socket.connected) join();
    return () => {
      for (const [name, f] of Object.entries(handlers)) socket.off(name, f);
      if (socket.connected) socket.emit("leave_room", { studyId });
    };
  }, [socket, studyId]);
  // The same clientId makes it safe to send again.
  const send = (content, clientId = crypto.randomUUID()) => socket.emitWithAck("send_message", { studyId, content, clientId });
  return { messages, joined, send };
}

// useNotifications returns the notifications of the user, the newest first.
export function useNotifications() {
  const socket = useContext(Chat);
  const [notices, setNotices] = useState([]);
  useEffect(() => {
    if (!socket) return;
    const add = (n) => setNotices((all) => [n, ...all.filter((other) => !n.id || other.id !== n.id)]);
    socket.on("notification", add);
    return () => socket.off("notification", add);
  }, [socket]);
  return notices;
}
