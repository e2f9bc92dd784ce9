// Owns: paying for a hold. The wish to pay has one Idempotency-Key for each means of payment: pressing twice, a lost answer
// and a reload in the middle pay once. What is still open is asked for until it is settled.
import { get, newKey, post } from "./api.js";
import { clock, countDown } from "./countdown.js";
import { fill, h, notice } from "./dom.js";
import { money, plural, said } from "./words.js";

const ASK_AGAIN_MS = 1000;
const CARDS = [
  ["tok_visa", "Test card", "pays at once"],
  ["tok_slow", "Slow test card", "pays after twelve seconds"],
  ["tok_declined", "Declined test card", "is refused"],
];

/** Shows the till in `root`; `back` leads back to the seats. Returns what ends it. */
export function showCheckout(root, page, back) {
  const { basket, event } = page;
  const { hold } = basket;
  const timer = h("time", { id: "countdown", role: "timer" });
  const problem = h("p", { class: "bad", role: "alert", id: "payment-problem" });
  const button = h("button", { type: "submit", class: "primary", id: "pay" }, `Pay ${money(hold.total)}`);
  const again = h("button", { type: "button", onclick: () => { stop(); back(); } }, "Back");
  const leaving = new AbortController();
  let paid = false;

  const submit = async (submitted) => {
    submitted.preventDefault();
    const token = new FormData(submitted.target).get("card");
    problem.textContent = "";
    button.disabled = again.disabled = true;
    button.textContent = "Paying …";
    try {
      const booking = await post("/bookings", { holdId: hold.id, payment: { provider: "test", token } }, { key: keyFor(hold, token), timeout: 30_000, patience: 45_000 });
      paid = true;
      basket.end();
      await settled(root, booking, leaving.signal);
    } catch (refused) {
      if (leaving.signal.aborted) return;
      problem.textContent = said(refused);
      button.disabled = again.disabled = false;
      button.textContent = `Pay ${money(hold.total)}`;
      if (refused.code === "hold-expired") basket.end();
    }
  };

  fill(root, h("section", { class: "card checkout" },
    h("div", { class: "bar" }, h("h2", { class: "grow" }, "Pay"), timer),
    h("p", { class: "quiet" }, `${event.name}, ${plural(hold.tickets.length, "ticket")}, ${money(hold.total)}`),
    h("form", { onsubmit: submit },
      h("fieldset", {}, h("legend", {}, "Means of payment"), CARDS.map(([token, name, does], at) =>
        h("label", { class: "choice" }, h("input", { type: "radio", name: "card", value: token, checked: at === 0 }),
          h("span", {}, h("b", {}, name), h("span", { class: "quiet" }, does))))),
      h("p", { class: "quiet small" }, "This is the built-in test provider: no money moves."),
      problem, h("div", { class: "actions" }, button, again))));
  root.scrollIntoView({ block: "nearest" });
  const stopClock = countDown(basket.deadline, (left) => { timer.textContent = clock(left); }, () => {
    // Whoever has pressed the button is answered by the node: a payment under way keeps its seats.
    if (paid || button.disabled) return;
    notice("The time ran out and your seats went back on sale.", "bad");
    stopClock();
    basket.end();
  });
  const stop = () => { stopClock(); if (!paid) leaving.abort(); };
  return stop;
}

/** The same for the same hold and card, also after a reload. */
function keyFor(hold, token) {
  const place = `onsale.pay.${hold.id}.${token}.${hold.tickets.length}`;
  const key = sessionStorage.getItem(place) ?? newKey();
  sessionStorage.setItem(place, key);
  return key;
}

/** Waits for the end of a payment, and goes on to the tickets. */
async function settled(root, booking, signal) {
  let now = booking;
  for (;;) {
    if (now.status === "booked") { location.hash = `#/booking/${now.id}`; return; }
    if (now.status === "cancelled") {
      fill(root, h("section", { class: "card" }, h("h2", {}, "The payment came to nothing"),
        h("p", {}, "Your bank did not confirm it in time. No money was taken, and the seats are back on sale.")));
      return;
    }
    const { status, nextAction } = now.payment;
    fill(root, h("section", { class: "card", id: "pending" }, h("h2", {}, "Waiting for your bank"),
      status === "requires_action" && nextAction?.url && isSafe(nextAction.url)
        ? [h("p", {}, "Your bank wants to know that it is you."), h("p", {}, h("a", { class: "button primary", href: nextAction.url, rel: "noopener noreferrer", target: "_blank" }, "Confirm at your bank"))]
        : h("p", {}, "Your seats stay yours while the payment is under way. This page goes on by itself; your booking is also under “My bookings”."),
      h("span", { class: "spinner", "aria-hidden": "true" })));
    await new Promise((done) => setTimeout(done, ASK_AGAIN_MS));
    if (signal.aborted || !root.isConnected || !root.querySelector("#pending")) return;
    now = await get(`/bookings/${booking.id}`, { signal }).catch((problem) => { if (problem.status === 0 || problem.status >= 500) return now; throw problem; });
  }
}

/** An address that a bank may have. */
function isSafe(url) {
  try {
    return ["https:", "http:"].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}
