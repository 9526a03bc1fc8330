// Changes of messages: edits, deletions and reactions. Each has a client id, so a request that is
// repeated changes nothing twice.

import { newClientId } from "./outbox.js";
import { t } from "./i18n.js";

const TRIES = 5;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Changes {
  #rooms;
  #say;

  // say shows a short message to the user.
  constructor(rooms, say) {
    this.#rooms = rooms;
    this.#say = say;
  }

  edit = (studyId, messageSeq, content, more) => this.#make("edit_message", { studyId, messageSeq, content, ...more });
  delete = (studyId, messageSeq) => this.#make("delete_message", { studyId, messageSeq });
  react = (studyId, messageSeq, emoji, on) => this.#make("react", { studyId, messageSeq, emoji, on });

  // make resolves to whether the change was made. Otherwise the user is told why.
  async #make(event, data) {
    data = { ...data, clientId: newClientId() };
    for (let tries = 1; ; tries++) {
      try {
        await this.#rooms.request(event, data);
        return true;
      } catch (err) {
        if (err.code === "not_joined" && tries < TRIES && (await this.#rooms.join(data.studyId))) continue;
        if (!["timeout", "unavailable", "rate_limited"].includes(err.code) || tries === TRIES) {
          const texts = { rejected: err.message, not_found: t("deleted"), forbidden: t("notAllowed"), too_large: t("tooLarge"), disconnected: t("unavailable"), unavailable: t("unavailable") };
          this.#say(texts[err.code] ?? t("wrong"));
          return false;
        }
        await sleep(Math.max(err.retryAfterMs ?? 0, 300 * tries));
      }
    }
  }
}
