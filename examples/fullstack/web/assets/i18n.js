// The language of the page, and dates. The browser's list of languages decides; the default is English.

import { en } from "./en.js";
import { ko } from "./ko.js";

const languages = { ko, en };

export const language =
  (navigator.languages ?? [navigator.language])
    .map((tag) => tag.toLowerCase().split("-")[0])
    .find((tag) => tag in languages) ?? "en";

// t returns the text of a key with the {names} in it replaced. For n = 1 it takes
// the key with "One" appended, if the language has that key.
export function t(key, values = {}) {
  const texts = languages[language];
  const one = values.n === 1 ? texts[key + "One"] : undefined;
  return (one ?? texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

const clock = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat(language, { month: "long", day: "numeric", weekday: "long" });
const dayOfYear = new Intl.DateTimeFormat(language, { year: "numeric", month: "long", day: "numeric", weekday: "long" });
const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

// sizeOf says how large a file of n bytes is.
export const sizeOf = (n) =>
  n < 1 << 20 ? `${Math.max(1, Math.round(n / 1024))} KiB` : `${(n / (1 << 20)).toFixed(1)} MiB`;

export const timeOf = (date) => clock.format(date);
export const fullTimeOf = (date) => full.format(date);

// dayOf names a day: today, yesterday, or the date.
export function dayOf(date, now = new Date()) {
  const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate());
  const ago = Math.round((midnight(now) - midnight(date)) / 864e5);
  if (ago === 0) return t("today");
  if (ago === 1) return t("yesterday");
  return (date.getFullYear() === now.getFullYear() ? day : dayOfYear).format(date);
}

// agoOf says roughly how long ago date is.
export function agoOf(date, now = new Date()) {
  const minutes = Math.round((date - now) / 6e4);
  if (minutes > -60) return relative.format(Math.min(minutes, 0), "minute");
  if (minutes > -60 * 24) return relative.format(Math.round(minutes / 60), "hour");
  return relative.format(Math.round(minutes / 60 / 24), "day");
}

// translate fills in the texts of index.html, which holds only their keys.
export function translate(root = document) {
  document.documentElement.lang = language;
  for (const el of root.querySelectorAll("[data-t]")) el.textContent = t(el.dataset.t);
  for (const el of root.querySelectorAll("[data-t-label]")) {
    el.setAttribute("aria-label", t(el.dataset.tLabel));
    if (el.tagName === "BUTTON") el.title = t(el.dataset.tLabel);
  }
  for (const el of root.querySelectorAll("[data-t-placeholder]")) el.placeholder = t(el.dataset.tPlaceholder);
}
