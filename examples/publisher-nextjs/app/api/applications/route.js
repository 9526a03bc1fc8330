import { publish } from "../../../lib/publish.js";

// Somebody wants to join a study: its owner hears of it, wherever they are
// connected. Check who is asking and write your own tables first.
export async function POST(request) {
  const { studyId, ownerId, name } = await request.json();
  await publish("notifications", {
    userId: ownerId,
    type: "application",
    message: `${name} would like to join`,
    link: `/studies/${studyId}`,
    id: crypto.randomUUID(), // the same id twice is shown once, so a retry is safe
  });
  return Response.json({}, { status: 202 });
}
