// What the page keeps in the browser. Where the browser refuses that (cookies are blocked,
// the disk is full), it is kept until the page is closed.

const lent = new Map(); // what the browser did not take

export const storage = {
  get(key) {
    try {
      return lent.get(key) ?? localStorage.getItem(key);
    } catch {
      return lent.get(key) ?? null;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(key, value);
      lent.delete(key);
    } catch {
      lent.set(key, value);
    }
  },
  remove(key) {
    lent.delete(key);
    try {
      localStorage.removeItem(key);
    } catch {
      // It was not kept there.
    }
  },
  // keys returns the keys that begin with prefix.
  keys(prefix) {
    const keys = [...lent.keys()];
    try {
      keys.push(...Object.keys(localStorage));
    } catch {
      // Nothing is kept there.
    }
    return keys.filter((key) => key.startsWith(prefix));
  },
};
