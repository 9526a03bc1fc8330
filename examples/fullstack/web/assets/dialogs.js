// Dialogs that ask the user something.

import { textOf } from "./attempt.js";
import { $ } from "./dom.js";

// confirm asks a yes-or-no question and resolves to whether the user said yes.
// button is the text of the button that says yes.
export function confirm(question, button) {
  const dialog = $("#confirm");
  $("#confirm-text").textContent = question;
  $("#confirm-yes").textContent = button;
  return new Promise((done) => {
    dialog.returnValue = "";
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}

// askText makes button open a dialog that asks for one text.
export function askText(button, dialog, field, act) {
  button.onclick = () => openText(dialog, field);
  takeText(dialog, field, act);
}

// openText opens a dialog that asks for a text.
export function openText(dialog, field) {
  field.value = "";
  $(".error", dialog).textContent = "";
  dialog.showModal();
  field.focus();
}

// takeText gives act the text of a dialog. While it works the dialog stays open, and shows the error if it
// fails. signal ends that.
export function takeText(dialog, field, act, signal) {
  $("form", dialog).addEventListener("submit", async (e) => {
    if (e.submitter?.value === "cancel") return;
    e.preventDefault();
    const text = field.value.normalize("NFC").trim();
    if (!text || e.submitter.disabled) return;
    e.submitter.disabled = true;
    try {
      await act(text);
      dialog.close();
    } catch (err) {
      $(".error", dialog).textContent = err.code === "bad_request" ? err.message : textOf(err);
    } finally {
      e.submitter.disabled = false;
    }
  }, { signal });
}
