import { publish } from "../../../../lib/publish.js";

// The owner approves an application. The new member gets a notification, and
// hubs look the membership up again. Check who sent the request and write your
// own tables first.
export async function POST(request) {
  const { studyId, userId } = await request.json();
  await publish("study-events", {
    type: "member_approved", // or notice, member_kicked, study_deleted, or a word of your own
    studyId,
    userId,
    message: "You are in. Say hello!",
    link: `/studies/${encodeURIComponent(studyId)}`,
    id: crypto.randomUUID(),
  });
  return Response.json({}, { status: 202 });
}
