// The form in which the user writes a message, edits one, or answers one.

import { Completion } from "./completion.js";
import { $, h } from "./dom.js";
import { t } from "./i18n.js";
import { plainOf } from "./markdown.js";

const MAX = 2000; // UTF-16 units, as the server counts
const NEAR = 200; // the counter is shown from here on
const MAX_FILES = 10;
const TYPING = 2000; // ms between two reports that the user writes

// mentionsIn returns the ids of the people whose "@name" is in a text. Of "@Minna" "@Min" is no part.
function mentionsIn(text, people) {
  const found = [];
  for (const { userId, userName } of people.toSorted((a, b) => b.userName.length - a.userName.length)) {
    if (!text.includes(`@${userName}`)) continue;
    text = text.replaceAll(`@${userName}`, " ");
    found.push(userId);
  }
  return found.slice(0, 50);
}

export class Composer {
  #studyId = null;
  #host;
  #drafts;
  #box = $("#draft");
  #completion;
  #editing = null; // the message that is edited
  #replying = null; // the message that is answered
  #files = []; // {name, attachment}; before it is uploaded {name, file}, with dropped if the user drops it
  #tookEnter = false; // the last Enter did something, and must not add a line
  #told = 0; // when the others were told that the user writes

  // host is asked for send(content, more), edit(message, content, more), typing(), lastOwn(), message(seq),
  // people(), upload(studyId, file) and say(text): see Chat. signal ends the composer.
  constructor(host, drafts, signal) {
    this.#host = host;
    this.#drafts = drafts;
    this.#completion = new Completion(this.#box, () => host.people());
    const on = (el, event, act) => el.addEventListener(event, act, { signal });
    on(this.#box, "input", () => this.#typed(true));
    on(this.#box, "keydown", (e) => this.#key(e));
    on(this.#box, "blur", () => this.#completion.close());
    on(this.#box, "beforeinput", (e) => {
      if (this.#tookEnter && e.inputType === "insertLineBreak") e.preventDefault();
    });
    on(this.#box, "paste", (e) => this.#take(e.clipboardData?.files, e));
    on($("#composer"), "submit", (e) => this.#submit(e));
    on($("#attach"), "click", () => $("#file").click());
    on($("#file"), "change", () => {
      this.#take($("#file").files);
      $("#file").value = "";
    });
    on($("#study"), "dragover", (e) => e.dataTransfer.types.includes("Files") && e.preventDefault());
    on($("#study"), "drop", (e) => this.#take(e.dataTransfer.files, e));
    on($("#about-cancel"), "click", () => this.#stop());
  }

  // show keeps the draft of the study before and brings back that of this one.
  show(id, name) {
    this.#keep();
    this.#studyId = id;
    this.#bringBack();
    if (id) this.#box.placeholder = t("messageTo", { name: name.length > 24 ? `${name.slice(0, 22)}…` : name });
  }

  // bringBack shows what the user has begun in the study.
  #bringBack() {
    const id = this.#studyId;
    this.#editing = this.#replying = null;
    const draft = id ? this.#drafts.get(id) : { text: "", replyTo: 0, files: [] };
    this.#box.value = draft.text;
    this.#files = draft.files.map((attachment) => ({ name: attachment.name, attachment }));
    if (draft.replyTo) this.#replying = this.#host.message(draft.replyTo) ?? { seq: draft.replyTo, userName: "", content: "" };
    this.#typed(false);
    this.#drawAbout();
  }

  reply(message) {
    if (this.#editing) this.#stop();
    this.#replying = message;
    this.#drawAbout();
    this.#box.focus();
  }

  edit(message) {
    this.#keep();
    this.#editing = message;
    this.#replying = null;
    this.#box.value = message.content;
    this.#files = (message.attachments ?? []).map((attachment) => ({ name: attachment.name, attachment }));
    this.#typed(false);
    this.#drawAbout();
    this.#box.focus();
    this.#box.setSelectionRange(message.content.length, message.content.length);
  }

  // stop ends an edit or an answer. After an edit the draft is back.
  #stop() {
    if (this.#editing) {
      this.#bringBack();
    } else {
      this.#replying = null;
      this.#drawAbout();
      this.#keep();
    }
    this.#box.focus();
  }

  #keep() {
    if (!this.#studyId || this.#editing) return;
    const files = this.#files.map((f) => f.attachment).filter(Boolean);
    this.#drafts.set(this.#studyId, { text: this.#box.value, replyTo: this.#replying?.seq ?? 0, files });
  }

  #typed(byUser) {
    const left = MAX - this.#box.value.trim().length;
    const counter = $("#counter");
    counter.hidden = left > NEAR;
    counter.textContent = left < 0 ? t("charsOver", { n: -left }) : t("charsLeft", { n: left });
    counter.classList.toggle("over", left < 0);
    this.#drawSend();
    this.#box.style.height = "auto";
    // To read scrollHeight makes the browser lay out the page, and an empty box has its height already.
    if (this.#box.value) this.#box.style.height = `${Math.min(this.#box.scrollHeight + 2, 180)}px`;
    if (!byUser) return;
    this.#completion.typed();
    this.#keep();
    if (this.#box.value.trim() && !this.#editing && Date.now() - this.#told > TYPING) {
      this.#told = Date.now();
      this.#host.typing();
    }
  }

  #drawSend() {
    const length = this.#box.value.trim().length;
    const busy = this.#files.some((f) => !f.attachment);
    $("#send").disabled = busy || length > MAX || (length === 0 && this.#files.length === 0);
  }

  #drawAbout() {
    const about = this.#editing ?? this.#replying;
    $("#about").hidden = !about;
    if (about) {
      const text = plainOf(about.content).slice(0, 100);
      $("#about-text").textContent = this.#editing ? t("editing") : `${t("replyingTo", { name: about.userName })} ${text}`;
    }
    $("#chips").hidden = this.#files.length === 0;
    $("#chips").replaceChildren(
      ...this.#files.map((file) =>
        h(
          "li",
          { class: file.attachment ? "" : "busy" },
          h("span", { dir: "auto" }, file.name),
          h("button", { type: "button", class: "text", "aria-label": `${t("discard")}: ${file.name}`, onclick: () => this.#drop(file) }, "×"),
        ),
      ),
    );
    this.#drawSend();
  }

  #drop(file) {
    file.dropped = true;
    this.#files = this.#files.filter((f) => f !== file);
    this.#drawAbout();
    this.#keep();
  }

  // take uploads files that the user has chosen, dropped or pasted.
  async #take(list, e) {
    const files = [...(list ?? [])];
    const id = this.#studyId;
    if (!files.length || !id) return;
    e?.preventDefault();
    const free = MAX_FILES - this.#files.length;
    if (files.length > free) this.#host.say(t("tooManyFiles", { n: MAX_FILES }));
    const entries = files.slice(0, free).map((file) => ({ name: file.name, file }));
    this.#files.push(...entries);
    this.#drawAbout();
    for (const entry of entries) {
      if (entry.dropped) continue;
      try {
        const attachment = await this.#host.upload(id, entry.file);
        if (!entry.dropped) this.#uploaded(id, entry, attachment);
      } catch (err) {
        this.#drop(entry);
        this.#host.say(t({ too_large: "fileTooLarge", unsupported_type: "fileType", unavailable: "unavailable", rate_limited: "tooFast" }[err.code] ?? "fileFailed", { name: entry.name }));
      }
      this.#drawAbout();
    }
  }

  // uploaded keeps a file for the study that it was meant for, which may not be shown any more.
  #uploaded(id, entry, attachment) {
    if (this.#files.includes(entry)) {
      entry.attachment = attachment;
      return this.#keep();
    }
    const draft = this.#drafts.get(id);
    this.#drafts.set(id, { ...draft, files: [...draft.files, attachment] });
    if (this.#studyId === id && !this.#editing) this.#files.push({ name: entry.name, attachment });
  }

  // key sends on Enter. It does not while a syllable is being composed, nor on a
  // touch screen, where Enter is the only way to add a line.
  #key(e) {
    this.#tookEnter = false;
    if (this.#completion.key(e)) {
      this.#tookEnter = e.key === "Enter";
      return;
    }
    if (e.key === "Escape" && (this.#editing || this.#replying)) {
      e.stopPropagation();
      return this.#stop();
    }
    if (e.key === "ArrowUp" && this.#box.value === "" && !this.#editing) {
      const last = this.#host.lastOwn();
      if (last) {
        e.preventDefault();
        this.edit(last);
      }
      return;
    }
    if (e.key !== "Enter" || e.shiftKey || e.isComposing || e.keyCode === 229) return;
    if (matchMedia("(pointer: coarse)").matches) return;
    e.preventDefault();
    this.#tookEnter = true;
    $("#composer").requestSubmit();
  }

  async #submit(e) {
    e.preventDefault();
    const content = this.#box.value.trim();
    if (!this.#studyId || $("#send").disabled) return;
    const attachments = this.#files.map((f) => f.attachment);
    const mentions = mentionsIn(content, this.#host.people());
    const more = { ...(mentions.length && { mentions }), ...(attachments.length && { attachments }) };
    if (this.#editing) {
      const message = this.#editing;
      if (await this.#host.edit(message, content, { ...more, ...(message.meta && { meta: message.meta }) })) this.#stop();
      return;
    }
    if (this.#replying) more.replyTo = this.#replying.seq;
    this.#box.value = "";
    this.#files = [];
    this.#replying = null;
    this.#told = 0;
    this.#typed(false);
    this.#keep();
    this.#drawAbout();
    this.#host.send(content, Object.keys(more).length ? more : undefined);
    this.#box.focus();
  }
}
