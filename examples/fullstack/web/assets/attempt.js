// What the user is told when something fails.

import { t } from "./i18n.js";

// textOf returns a sentence for an error. more has the keys of texts for further codes.
export function textOf(err, more = {}) {
  const keys = { unavailable: "unavailable", intercepted: "intercepted", rate_limited: "tooFast", ...more };
  return t(keys[err.code] ?? "wrong");
}

// attempt calls act, and says why if that fails.
export async function attempt(act, say) {
  try {
    await act();
  } catch (err) {
    say(textOf(err));
  }
}
