// Owns: how elements are made. Text is always text, never markup: nothing here reads HTML.

/** An element: `on…` are listeners, `class`, `data-…` and the rest attributes; `true` and `false` put one in or leave it out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Puts these in the place of whatever is in `parent`. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return parent;
}

/** Tells something for some seconds, to the eye and to screen readers. */
export function notice(text, kind = "info") {
  const place = document.getElementById("notices");
  const shown = h("div", { class: `notice ${kind}` }, h("span", {}, text),
    h("button", { type: "button", class: "plain", "aria-label": "Dismiss", onclick: () => shown.remove() }, "×"));
  place.append(shown);
  while (place.children.length > 3) place.firstChild.remove();
  setTimeout(() => shown.remove(), kind === "bad" ? 12000 : 6000);
}

/** Asks before something that cannot be undone; `true` when it was meant. */
export function confirmed(question, yes, more = "") {
  return new Promise((answer) => {
    const dialog = h("dialog", { class: "card dialog", "aria-label": question },
      h("h2", {}, question), more && h("p", { class: "quiet" }, more),
      h("div", { class: "actions" },
        h("button", { type: "button", onclick: () => dialog.close("no") }, "Keep"),
        h("button", { type: "button", class: "danger", "data-confirm": "", onclick: () => dialog.close("yes") }, yes)));
    dialog.addEventListener("close", () => { dialog.remove(); answer(dialog.returnValue === "yes"); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
