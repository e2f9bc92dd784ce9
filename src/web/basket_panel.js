// Owns: what is shown of a basket beside the seats: the wish for the best ones, what is held and for how long, the till.
import { showCheckout } from "./checkout.js";
import { clock, countDown } from "./countdown.js";
import { fill, h, notice } from "./dom.js";
import { money, place, plural } from "./words.js";

const SHORT_MS = 60_000;

/** Shows the basket of `page` in `root`. Returns what ends that. */
export function showBasket(root, page) {
  const { basket } = page;
  let stop = () => {};
  let paying = null;

  const draw = () => {
    if (paying && basket.hold) return;
    paying = null;
    stop();
    stop = () => {};
    if (basket.wanted.size === 0 && !basket.hold) return fill(root, wish(page));
    const [timer, track] = [h("time", { id: "countdown", role: "timer" }), h("span", { class: "track" }, h("span", {}))];
    const more = h("button", { type: "button", class: "link", hidden: true, onclick: () => basket.extend() }, "I need more time");
    fill(root, h("section", { class: "card held", "aria-busy": String(basket.busy) },
      h("div", { class: "bar" }, h("h2", { class: "grow" }, plural(basket.wanted.size, "seat")), basket.hold && timer),
      basket.hold && track, more, h("ul", { class: "tickets" }, [...basket.wanted].map((seat) => ticket(page, seat))),
      total(basket.hold),
      h("div", { class: "actions" },
        h("button", { type: "button", class: "primary", id: "checkout", disabled: basket.busy || !basket.hold, onclick: () => pay() }, basket.busy ? "Setting aside …" : "Pay"),
        h("button", { type: "button", id: "release", onclick: () => basket.release() }, "Give back"))));
    if (!basket.hold) return;
    const whole = basket.hold.expiresInSeconds * 1000 || 1;
    stop = countDown(basket.deadline, (left) => {
      timer.textContent = clock(left);
      timer.classList.toggle("short", left < SHORT_MS);
      more.hidden = left >= SHORT_MS || left <= 0;
      track.firstChild.style.width = `${Math.min(100, Math.max(0, (100 * left) / Math.max(whole, page.event.holdSeconds * 1000)))}%`;
    }, () => over(page));
  };

  const pay = () => {
    stop();
    paying = showCheckout(root, page, () => { paying = null; draw(); });
    stop = paying;
  };

  basket.addEventListener("change", draw);
  draw();
  return () => stop();
}

/** The time is over: what was held is free for others. */
function over({ basket }) {
  notice("The time ran out and your seats went back on sale.", "bad");
  basket.end();
}

function ticket({ plan, basket, price }, seat) {
  const where = plan.place(seat);
  const pending = !basket.held.has(seat);
  return h("li", { class: pending ? "pending" : "", "data-seat": seat },
    h("span", { class: "grow" }, place(where)), h("span", {}, money(price(where.category))),
    h("button", { type: "button", class: "plain", "aria-label": `Give back ${place(where)}`, onclick: () => basket.toggle([seat]) }, "×"));
}

/** What it costs, with what is added to the prices. */
export function total(hold) {
  if (!hold) return null;
  const added = (hold.lines ?? []).filter((line) => line.type !== "tickets");
  return h("dl", { class: "total" },
    added.map(({ name, amount }) => [h("dt", { class: "quiet" }, name), h("dd", { class: "quiet" }, money(amount))]),
    h("dt", {}, "Total"), h("dd", { id: "total" }, money(hold.total)));
}

/** The form for the best seats that are free together. */
function wish(page) {
  const { event, plan, price } = page;
  const quantities = Array.from({ length: 8 }, (_, at) => h("option", { value: at + 1, selected: at === 1 }, at + 1));
  const categories = plan.categories.map((category) => h("option", { value: category }, `${category}, ${money(price(category))}`));
  const send = async (submitted) => {
    submitted.preventDefault();
    const data = new FormData(submitted.target);
    const button = submitted.target.querySelector("button");
    button.disabled = true;
    const wanted = { quantity: Number(data.get("quantity")) };
    if (data.get("category")) wanted.category = data.get("category");
    if (data.get("accessible")) wanted.accessible = true;
    await page.pickBest(wanted);
    button.disabled = false;
  };
  return h("section", { class: "card wish" }, h("h2", {}, "Best seats together"),
    h("p", { class: "quiet" }, "Pick seats on the map or in the list, or let us find the best ones."),
    h("form", { onsubmit: send },
      h("label", {}, "How many", h("select", { name: "quantity", id: "quantity" }, quantities)),
      h("label", {}, "Where", h("select", { name: "category" }, h("option", { value: "" }, "Anywhere"), categories)),
      h("label", { class: "check" }, h("input", { type: "checkbox", name: "accessible" }), "Wheelchair accessible"),
      h("button", { type: "submit", class: "primary", id: "best", disabled: event.status !== "onsale" }, "Find seats")));
}
