// What the buttons do with studies: join, create, leave, delete, mute; and the picture of the user.

import { textOf } from "./attempt.js";
import { askText, confirm } from "./dialogs.js";
import { $ } from "./dom.js";
import { t } from "./i18n.js";
import { learn, shrink } from "./pictures.js";
import { pathOf } from "./workspace.js";

export class Actions {
  #api;
  #current;
  #notifications;

  // current returns the workspace of the user who is logged in, null if there is
  // none.
  constructor(api, current, notifications) {
    this.#api = api;
    this.#current = current;
    this.#notifications = notifications;
    askText($("#new-study"), $("#create"), $("#create-name"), async (name) => {
      const { id } = await api.createStudy(name, $("#create-approval").checked);
      await this.#show(id);
    });
    $("#mute").onclick = () => current().muted.set(current().chat.studyId, !current().muted.has(current().chat.studyId));
    $("#picture").onclick = () => $("#picture-file").click();
    $("#picture-file").onchange = () => this.#setPicture($("#picture-file").files[0]);
    $("#leave").onclick = () => this.#leave(api.leaveStudy, "leaveAsk", "leave");
    $("#delete").onclick = () => this.#leave(api.deleteStudy, "deleteAsk", "deleteStudy");
  }

  join = (study) => this.#enter(() => this.#api.joinStudy(study.id));

  // accept uses an invitation.
  accept = (code) => this.#enter(() => this.#api.acceptInvite(code));

  // enter joins a study, or asks for it where somebody has to let the user in.
  async #enter(join) {
    const workspace = this.#current();
    let joined;
    try {
      joined = await join();
    } catch (err) {
      if (err.code === "not_found") this.#notifications.say(t("inviteGone"));
      else this.#complain(err);
      workspace?.sidebar.draw();
      return;
    }
    if (!joined.asked) return this.#show(joined.id);
    this.#notifications.say(t("askedFor", { name: joined.name }));
    await workspace.rooms.refresh().catch(() => {});
    workspace.route();
  }

  async #setPicture(file) {
    $("#picture-file").value = "";
    const { user } = this.#current();
    try {
      const { pictureAt } = await this.#api.setPicture(await shrink(file));
      learn([{ userId: user.userId, pictureAt }]);
      this.#current()?.drawMe();
      this.#current()?.members.refresh();
    } catch (err) {
      this.#notifications.say(t(err.code === "unavailable" ? "unavailable" : "pictureBad"));
    }
  }

  // show opens a study that the user has just joined or created.
  async #show(id) {
    const workspace = this.#current();
    try {
      await workspace.rooms.refresh();
      workspace.go(pathOf(id));
    } catch (err) {
      this.#complain(err); // the next refresh of the list will show the study
    }
  }

  async #leave(act, question, button) {
    const workspace = this.#current();
    const { study } = workspace;
    if (!study || !(await confirm(t(question, { name: study.name }), t(button)))) return;
    workspace.leaving.add(study.id);
    try {
      await act(study.id);
      workspace.rooms.forget(study.id);
      workspace.go("/", true);
      await workspace.rooms.refresh();
    } catch (err) {
      this.#complain(err);
    } finally {
      setTimeout(() => workspace.leaving.delete(study.id), 5000);
    }
  }

  #complain(err) {
    this.#notifications.say(textOf(err, { forbidden: "notMember" }));
  }
}
