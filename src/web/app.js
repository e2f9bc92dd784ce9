// Owns: which view belongs to an address, and the bar above all of them. Addresses are fragments (`#/event/evt_…`), so
// that every path stays the interface's own.
import { ensureUser } from "./account.js";
import { showBooking } from "./booking.js";
import { showBookings } from "./bookings.js";
import { fill, h } from "./dom.js";
import { showEvent } from "./event.js";
import { showSearch } from "./search.js";
import { logout, onChange, refresh, user } from "./session.js";
import { said } from "./words.js";

const main = document.getElementById("main");
const VIEWS = [
  [/^#\/event\/(evt_\w+)$/, showEvent],
  [/^#\/bookings$/, showBookings],
  [/^#\/booking\/(bkg_\w+)$/, showBooking],
  [/^(?:#\/?)?(\?.*)?$/, showSearch],
];

let current = new AbortController();

async function show() {
  const address = location.hash;
  current.abort();
  current = new AbortController();
  const { signal } = current;
  const [view, part] = viewOf(address);
  document.title = "onsale";
  try {
    if (!view) throw new Error("There is no such page.");
    await view(main, part, signal);
  } catch (problem) {
    if (signal.aborted) return;
    if (!problem.code) console.error(problem);
    fill(main, h("div", { class: "empty" }, h("h1", {}, problem.status === 404 ? "There is nothing here" : "That did not work"),
      h("p", { class: "quiet" }, problem.code ? said(problem) : problem.message),
      h("p", {}, h("button", { type: "button", onclick: show }, "Try again"), " ", h("a", { class: "button", href: "#/" }, "All events"))));
  }
}

function viewOf(address) {
  for (const [pattern, view] of VIEWS) {
    const found = pattern.exec(address);
    if (found) return [view, found[1] ?? ""];
  }
  return [null, ""];
}

function drawBar() {
  const who = user();
  fill(document.getElementById("nav"),
    who && h("a", { href: "#/bookings", id: "my-bookings" }, "My bookings"),
    who && h("span", { class: "who", title: who.username }, who.name ?? who.username),
    who ? h("button", { type: "button", id: "log-out", onclick: () => { location.hash = "#/"; logout(); } }, "Log out")
      : h("button", { type: "button", class: "primary", id: "log-in", onclick: () => ensureUser() }, "Log in"));
}

addEventListener("hashchange", () => show().then(() => { scrollTo(0, 0); main.focus({ preventScroll: true }); }));
onChange(() => {
  drawBar();
  // Who logs in goes on with what they were doing; who logs out leaves nothing of theirs on the screen.
  if (!user() && viewOf(location.hash)[0] !== showSearch) show();
});
drawBar();
refresh();
show();
