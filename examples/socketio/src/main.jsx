import { createRoot } from "react-dom/client";
import { ChatProvider, useNotifications, useStudy } from "./coup.jsx";

function Study({ id }) {
  const { messages, joined, send } = useStudy(id);
  const notices = useNotifications();
  const submit = (event) => {
    event.preventDefault();
    const field = event.target.elements.text;
    send(field.value).then((ack) => ack.ok && (field.value = ""));
  };
  return (
    <main data-joined={joined}>
      <ul id="notices">{notices.map((n, i) => <li key={n.id ?? i}>{n.message}</li>)}</ul>
      <ol id="messages">{messages.map((m) => <li key={m.seq}>{m.userName}: {m.content}</li>)}</ol>
      <form onSubmit={submit}>
        <input name="text" autoComplete="off" aria-label="message" />
        <button disabled={!joined}>Send</button>
      </form>
    </main>
  );
}

// The address and the token come from your own server; here they are in the URL.
const { chat, token, study } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
createRoot(document.getElementById("root")).render(
  <ChatProvider url={chat} token={token}><Study id={study} /></ChatProvider>,
);
