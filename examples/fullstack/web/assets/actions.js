// What the buttons do with studies: join, create, leave, delete, send a notice.

import { askText, confirm } from "./dialogs.js";
import { $ } from "./dom.js";
import { t } from "./i18n.js";
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
      const { id } = await api.createStudy(name);
      await this.#show(id);
    });
    askText($("#new-notice"), $("#notice"), $("#notice-text"), async (text) => {
      await api.notice(current().chat.studyId, text);
      notifications.say(t("noticeSent"));
    });
    $("#leave").onclick = () => this.#leave(api.leaveStudy, "leaveAsk", "leave");
    $("#delete").onclick = () => this.#leave(api.deleteStudy, "deleteAsk", "deleteStudy");
  }

  async join(study) {
    try {
      await this.#api.joinStudy(study.id);
    } catch (err) {
      this.#complain(err);
      this.#current()?.sidebar.draw();
      return;
    }
    await this.#show(study.id);
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
    this.#notifications.say(t({ unavailable: "unavailable", intercepted: "intercepted", forbidden: "notMember" }[err.code] ?? "wrong"));
  }
}
