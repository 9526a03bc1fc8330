// The files of a message. Those of this site need the token of the user, so the page reads them itself.

import { h, safeLink } from "./dom.js";
import { sizeOf, t } from "./i18n.js";

const SHOWN = ["image/png", "image/jpeg", "image/gif", "image/webp"];

// attachmentsOf returns the element for files, or null. fileOf resolves to the Blob of a file of this
// site.
export function attachmentsOf(files, fileOf) {
  if (!files?.length) return null;
  return h("ul", { class: "files" }, files.map((file) => h("li", {}, one(file, fileOf))));
}

function one(file, fileOf) {
  const url = safeLink(file.url);
  const name = file.name || file.url;
  if (!url) return h("span", { class: "file-name" }, name);
  if (url.origin !== location.origin) {
    return h("a", { class: "file-name", href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" }, name);
  }
  const save = h("button", { type: "button", class: "file", onclick: () => keep(url, name, fileOf, save) }, h("span", { class: "file-name", dir: "auto" }, name), file.size ? h("small", {}, sizeOf(file.size)) : null);
  return SHOWN.includes(file.type) ? [picture(url, name, fileOf, save), save] : save;
}

// picture shows a picture when it comes near the screen.
function picture(url, name, fileOf, save) {
  const img = h("img", { class: "picture", alt: name });
  let blob = null;
  const open = h("button", { type: "button", class: "picture-button", "aria-label": t("openPicture", { name }), onclick: () => blob && large(blob, name) }, img);
  const near = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    near.disconnect();
    try {
      blob = await fileOf(url.pathname);
      draw(img, blob);
      img.onerror = () => open.remove();
    } catch {
      open.replaceWith(h("span", { class: "hint" }, t("fileFailed")));
    }
  });
  near.observe(open);
  return open;
}

// draw lets an element show a picture, without keeping its URL.
function draw(img, blob) {
  img.src = URL.createObjectURL(blob);
  img.onload = () => URL.revokeObjectURL(img.src);
}

function large(blob, name) {
  const img = h("img", { alt: name });
  draw(img, blob);
  const dialog = h("dialog", { class: "large", "aria-label": name }, h("form", { method: "dialog" }, h("button", { class: "icon", "aria-label": t("close") }, "×")), img);
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
}

// keep saves a file on the disk of the user.
async function keep(url, name, fileOf, button) {
  button.disabled = true;
  try {
    const link = h("a", { href: URL.createObjectURL(await fileOf(url.pathname)), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch {
    button.append(h("small", { role: "alert" }, t("fileFailed")));
  } finally {
    button.disabled = false;
  }
}
