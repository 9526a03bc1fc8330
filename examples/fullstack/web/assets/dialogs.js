// Dialogs that ask the user something.

import { $ } from "./dom.js";
import { t } from "./i18n.js";

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

// askText makes button open a dialog that asks for one text. act gets the text;
// while it works the dialog stays open, and shows the error if it fails.
export function askText(button, dialog, field, act) {
  const error = $(".error", dialog);
  button.onclick = () => {
    field.value = "";
    error.textContent = "";
    dialog.showModal();
    field.focus();
  };
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
      error.textContent = err.code === "bad_request" ? err.message : t({ unavailable: "unavailable", rate_limited: "tooFast" }[err.code] ?? "wrong");
    } finally {
      e.submitter.disabled = false;
    }
  });
}
