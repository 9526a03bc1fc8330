import { publish } from "../../../lib/publish.js";

// A user applies to join a study. The owner gets a notification on every
// connection. Check who sent the request and write your own tables first.
export async function POST(request) {
  const { studyId, ownerId, name } = await request.json();
  await publish("notifications", {
    userId: ownerId,
    type: "application",
    message: `${name} would like to join`,
    link: `/studies/${encodeURIComponent(studyId)}`,
    id: crypto.randomUUID(), // hubs deliver the same id once, so a retry is safe
  });
  return Response.json({}, { status: 202 });
}
