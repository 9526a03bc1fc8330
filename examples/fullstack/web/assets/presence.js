// Who is in the room of the study that is open.

export class Presence {
  studyId = null;
  #users = null; // Map of userId -> userName, or null if nothing is known
  #count = 0;

  watch(studyId) {
    if (this.studyId === studyId) return;
    this.studyId = studyId;
    this.#users = null;
  }

  // begin takes the answer to a join, and reports whether it is that of the study that is open.
  begin({ studyId, online, onlineCount }) {
    if (studyId !== this.studyId) return false;
    this.#users = new Map(online.map((u) => [u.userId, u.userName]));
    this.#count = onlineCount;
    return true;
  }

  // change takes a change, and reports whether it changed something.
  change({ studyId, userId, userName, online, onlineCount }) {
    if (studyId !== this.studyId || !this.#users) return false;
    if (userId === undefined) {
      this.#users = new Map(); // too many are there to name them
      this.#count = onlineCount;
      return true;
    }
    if (online) this.#users.set(userId, userName);
    else this.#users.delete(userId);
    this.#count = this.#users.size;
    return true;
  }

  // of returns the users, or null if they are not known, or too many.
  of = (studyId) => (studyId === this.studyId && this.#users && this.#users.size >= this.#count ? this.#users : null);

  countOf = (studyId) => (studyId === this.studyId && this.#users ? this.#count : null);
}
