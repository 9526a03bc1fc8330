// Code with colours and formulas. The libraries for them are loaded when a message needs them; until
// then, and where they fail, the text is shown as it is.

import { h } from "./dom.js";

const BASE = "/assets/third-party/";
const LONGEST = 1000; // characters of a formula

let highlighter = null;
let formulas = null;

// codeOf returns the element for a block of code.
export function codeOf(text, language) {
  const code = h("code", {}, text);
  if (language) colour(code, text, language);
  return h("pre", { tabindex: "0" }, code);
}

async function colour(code, text, language) {
  try {
    highlighter ??= import(`${BASE}highlight.min.js`);
    const { default: hljs } = await highlighter;
    if (!hljs.getLanguage(language)) return;
    // Its tree of words, not its HTML.
    const { _emitter: emitter } = hljs.highlight(text, { language, ignoreIllegals: true });
    code.replaceChildren(...emitter.rootNode.children.map(coloured));
  } catch {
    // The text stays as it is.
  }
}

const coloured = (node) =>
  typeof node === "string" ? node : h("span", { class: node.scope ? `hljs-${node.scope.split(".")[0]}` : "" }, node.children.map(coloured));

// formulaOf returns the element for a formula, on a line of its own if display is set.
export function formulaOf(tex, display) {
  const mark = display ? "$$" : "$";
  const el = h("span", { class: display ? "formula display" : "formula" }, `${mark}${tex}${mark}`);
  if (tex.length <= LONGEST) typeset(el, tex, display);
  return el;
}

async function typeset(el, tex, display) {
  try {
    formulas ??= loadFormulas();
    const katex = await formulas;
    katex.render(tex, el, { displayMode: display, throwOnError: true, trust: false, strict: "ignore", maxSize: 20, maxExpand: 200 });
  } catch {
    el.textContent = display ? `$$${tex}$$` : `$${tex}$`;
    el.classList.add("wrong");
  }
}

function loadFormulas() {
  document.head.append(h("link", { rel: "stylesheet", href: `${BASE}katex.min.css` }));
  return new Promise((done, fail) => {
    const script = h("script", { onload: () => done(window.katex), onerror: fail });
    script.src = trusted(`${BASE}katex.min.js`);
    document.head.append(script);
  });
}

// trusted lets the page load a script of its own where the browser checks that.
function trusted(url) {
  if (!window.trustedTypes) return url;
  return trustedTypes.createPolicy("coup", { createScriptURL: (asked) => asked }).createScriptURL(url);
}
