// Pictures of users: their own, or the first character of the name on a colour of its own.

import { h } from "./dom.js";

const known = new Map(); // userId -> when the picture was uploaded
const characters = new Intl.Segmenter();

// learn notes which users have a picture.
export function learn(people) {
  for (const { userId, pictureAt } of people) known.set(userId, pictureAt ?? 0);
}

// pictureOf draws a user. The colour depends on the user id.
export function pictureOf(userId, userName) {
  let n = 0;
  for (const c of userId) n = (n * 31 + c.codePointAt(0)) >>> 0;
  const at = known.get(userId);
  return h(
    "span",
    { class: `seal hue-${n % 8}`, "aria-hidden": "true" },
    at ? h("img", { src: `/api/users/${encodeURIComponent(userId)}/picture?${at}`, alt: "", loading: "lazy" }) : firstOf(userName).toUpperCase(),
  );
}

// firstOf returns the first character of a name, as a reader sees it. The Segmenter is slow, and not needed
// for a character of ASCII with another one after it.
function firstOf(userName) {
  const name = (userName ?? "").trim() || "?";
  if (/^[!-~](?:[ -~]|$)/.test(name)) return name[0];
  const [first] = characters.segment(name);
  return first.segment;
}

const SIDE = 256; // pixels

// shrink resolves to a picture as a square of SIDE pixels.
export async function shrink(file) {
  const picture = await createImageBitmap(file);
  const side = Math.min(picture.width, picture.height);
  const canvas = h("canvas", { width: SIDE, height: SIDE });
  canvas.getContext("2d").drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, SIDE, SIDE);
  return new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no picture"))), "image/jpeg", 0.85));
}
