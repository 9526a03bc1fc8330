// Where the list of messages is scrolled to.

const AT_BOTTOM = 80; // pixels from the bottom that count as the bottom

export class Scroll {
  stick = true; // the list stays scrolled to the bottom

  #log;
  #list;

  constructor(log, list) {
    this.#log = log;
    this.#list = list;
  }

  get atBottom() {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    return scrollHeight - scrollTop - clientHeight < AT_BOTTOM;
  }

  toBottom() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  // show scrolls a node to the upper third.
  show(node) {
    this.stick = false;
    const { top } = this.#log.getBoundingClientRect();
    this.#log.scrollTop += node.getBoundingClientRect().top - top - this.#log.clientHeight / 4;
  }

  // keep calls draw, and keeps what the user reads where it is on the screen.
  keep(draw) {
    const before = this.stick ? null : this.#first();
    draw();
    if (before?.node.isConnected) this.#log.scrollTop += before.node.getBoundingClientRect().top - before.top;
    if (this.stick) this.toBottom();
  }

  #first() {
    const { top } = this.#log.getBoundingClientRect();
    for (const node of this.#list.children) {
      const box = node.getBoundingClientRect();
      if (box.bottom > top) return { node, top: box.top };
    }
    return null;
  }

  // lastSeen returns the seq of the last message whose end is on the screen, or 0.
  lastSeen() {
    const { bottom } = this.#log.getBoundingClientRect();
    const nodes = [...this.#list.querySelectorAll("[data-seq]")];
    return Number(nodes.findLast((node) => node.getBoundingClientRect().bottom <= bottom + 1)?.dataset.seq ?? 0);
  }
}
