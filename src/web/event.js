// Owns: the page of one event: brings its seats, its map and list, the basket and the way to the till together.
import { get, seatBytes } from "./api.js";
import { Basket } from "./basket.js";
import { showBasket } from "./basket_panel.js";
import { ensureUser } from "./account.js";
import { fill, h, notice } from "./dom.js";
import { layoutOf } from "./layout.js";
import { SeatList } from "./list.js";
import { follow } from "./live.js";
import { SeatMap } from "./map.js";
import { nearestEach } from "./nearest.js";
import { Plan } from "./plan.js";
import { poster } from "./poster.js";
import { AVAILABLE, Seats, WORDS, decode } from "./seats.js";
import { count, money, place, plural, said, when } from "./words.js";

export async function showEvent(root, id, signal) {
  const [event, told, bytes] = await Promise.all([
    get(`/events/${id}?tickets=false`, { signal }), get(`/events/${id}/plan`, { signal }), seatBytes(`/events/${id}/seats`, { signal }),
  ]);
  if (signal.aborted) return;
  document.title = `${event.name} · onsale`;
  const plan = new Plan(told);
  const seats = new Seats(plan);
  seats.load(decode(bytes));
  const basket = new Basket(id, plan, seats);
  const page = new EventPage(root, event, plan, seats, basket);
  signal.addEventListener("abort", () => page.close());
  follow(id, seats, (state) => page.showState(state), signal);
  await basket.restore();
  page.openWhenSaleOpens(signal);
}

class EventPage {
  constructor(root, event, plan, seats, basket) {
    Object.assign(this, { event, plan, seats, basket });
    this.layout = layoutOf(plan);
    this.canvas = h("canvas", { id: "map", tabindex: "0", role: "img", "aria-label": "Seat map. Drag to move, scroll to zoom; every seat is also in the list." });
    this.tip = h("div", { class: "tip", hidden: true });
    this.list = h("div", { class: "list", hidden: true });
    this.live = h("span", { class: "live", id: "live", role: "status" });
    this.left = h("span", { id: "left" });
    this.panel = h("div", { id: "basket" });
    this.offer = h("div", { id: "offer", role: "alert" });
    fill(root, h("article", { class: "event" }, this.heading(), h("div", { class: "columns" },
      h("section", { class: "card seats", "aria-label": "Seats" }, this.tools(), h("div", { class: "stage-box" }, this.canvas, this.tip, this.zoom()), this.list, legend(plan, event)),
      h("aside", { class: "side", "aria-label": "Your seats" }, this.offer, this.panel))));
    this.map = new SeatMap(this.canvas, {
      plan, layout: this.layout, seats, mine: basket.wanted,
      pick: (seat) => this.pick(seat), hover: (...what) => this.hover(...what),
    });
    // The test of the page points at seats by their numbers.
    this.canvas.map = this.map;
    this.listen();
    this.update();
  }

  get price() {
    const { prices, currency } = this.event;
    return (category) => ({ amount: prices[category] ?? 0, currency });
  }

  listen() {
    this.update = this.update.bind(this);
    this.seats.addEventListener("change", this.update);
    this.basket.addEventListener("change", () => { this.map.mine = this.basket.wanted; this.map.refresh(); this.update(); this.seatList?.refresh(null); });
    this.basket.addEventListener("refused", ({ detail }) => this.refused(detail));
    this.basket.addEventListener("ended", () => notice("Your seats are not held any more. If you were about to pay, look under “My bookings”.", "bad"));
    this.basket.addEventListener("lost", ({ detail }) => this.offerInstead(detail));
    this.stopPanel = showBasket(this.panel, this);
  }

  close() {
    this.map.close();
    this.seatList?.close();
    this.stopPanel();
  }

  update() {
    const free = this.seats.available;
    this.left.textContent = free === 0 ? "Sold out" : `${plural(free, "seat")} free`;
  }

  heading() {
    const { event } = this;
    return h("header", { class: "event-head" }, h("div", { class: "picture" }, poster(event)),
      h("div", { class: "text" },
        h("h1", {}, event.name),
        h("p", {}, when(event.startsAt, event.timezone)),
        h("p", { class: "quiet" }, `${event.venue.name}, ${event.venue.address}, ${event.venue.city}`),
        h("p", { class: "quiet" }, event.performers.map(({ name }) => name).join(", ")),
        event.description && h("p", { class: "description" }, event.description),
        saleNote(event)));
  }

  tools() {
    const tab = (text, id, listed) => h("button", { type: "button", id, "aria-pressed": String(!listed), onclick: () => this.showList(listed) }, text);
    this.tabs = [tab("Map", "as-map", false), tab("List", "as-list", true)];
    this.tabs[1].setAttribute("aria-pressed", "false");
    return h("div", { class: "bar tools" }, h("div", { class: "tabs", role: "group", "aria-label": "Show seats as" }, this.tabs),
      h("span", { class: "grow" }, this.left), this.live);
  }

  zoom() {
    const button = (text, label, act) => h("button", { type: "button", "aria-label": label, onclick: act }, text);
    return h("div", { class: "zoom" }, button("+", "Zoom in", () => this.map.camera.zoom(1.6)),
      button("−", "Zoom out", () => this.map.camera.zoom(1 / 1.6)), button("⤢", "Show everything", () => this.map.camera.showAll()));
  }

  showList(listed) {
    this.tabs.forEach((tab, at) => tab.setAttribute("aria-pressed", String(listed === (at === 1))));
    this.canvas.parentElement.hidden = listed;
    this.list.hidden = !listed;
    const { plan, seats, basket, price } = this;
    const mine = { has: (seat) => basket.wanted.has(seat) };
    if (listed) this.seatList ??= new SeatList(this.list, { plan, seats, mine, price, pick: (seat) => this.pick(seat) });
  }

  /** Somebody wants a seat, or wants it no more. */
  async pick(seat) {
    if (seat < 0) return notice("There is no free place left there.");
    const { basket, seats, event } = this;
    if (!basket.wanted.has(seat) && seats.status[seat] !== AVAILABLE && !basket.held.has(seat)) {
      const { status } = seats;
      return notice(`${place(this.plan.place(seat))} is ${status[seat] === 1 ? "held by somebody else right now" : status[seat] === 2 ? "sold" : "not for sale"}.`);
    }
    if (event.status !== "onsale") return notice(saleWords(event), "bad");
    if (!(await ensureUser("Your seats are set aside under your name."))) return;
    fill(this.offer);
    await basket.toggle([seat]);
  }

  async pickBest(wish) {
    if (this.event.status !== "onsale") return notice(saleWords(this.event), "bad");
    if (!(await ensureUser("Your seats are set aside under your name."))) return;
    fill(this.offer);
    await this.basket.best(wish);
    if (this.basket.held.size > 0) this.map.showSeats(this.basket.held);
  }

  refused(problem) {
    if (problem.status === 401) return ensureUser(said(problem));
    return notice(said(problem), "bad");
  }

  /** Seats were lost to somebody who was faster: the nearest free ones are a button away. */
  offerInstead(lost) {
    const { plan, seats, basket, layout } = this;
    const names = lost.map((seat) => place(plan.place(seat))).join("; ");
    const others = nearestEach(plan, layout, seats.status, lost, basket.wanted);
    const take = () => { fill(this.offer); basket.exchange(lost, others); this.map.showSeats(others); };
    const price = others.reduce((sum, seat) => sum + this.price(plan.place(seat).category).amount, 0);
    fill(this.offer, h("div", { class: "card offer" },
      h("p", {}, h("strong", {}, "Somebody was faster. "), `${names} ${lost.length === 1 ? "is" : "are"} taken. What you hold already stays yours.`),
      others.length > 0 && h("p", {}, "The nearest free: ", h("strong", {}, others.map((seat) => place(plan.place(seat))).join("; ")), `, ${money({ amount: price, currency: this.event.currency })}`),
      h("div", { class: "actions" },
        others.length > 0 && h("button", { type: "button", class: "primary", id: "take-instead", "data-seats": others.join(","), onclick: take }, others.length === 1 ? "Take it instead" : "Take them instead"),
        h("button", { type: "button", onclick: () => fill(this.offer) }, "No, thanks"))));
  }

  hover(seat, section, px, py) {
    const { tip, plan, seats, basket } = this;
    tip.hidden = !section;
    if (!section) return;
    const free = seats.free[section.index];
    const amount = money(this.price(section.category));
    fill(tip, seat < 0
      ? [h("b", {}, section.name), h("span", {}, `${amount} · ${free === 0 ? "sold out" : `${count(free)} free`}`)]
      : [h("b", {}, place(plan.place(seat))), h("span", {}, `${amount} · ${basket.wanted.has(seat) ? "yours" : WORDS[seats.status[seat]]}`)]);
    const box = this.canvas.parentElement.clientWidth;
    tip.style.left = `${Math.min(Math.max(px, 90), box - 90)}px`;
    tip.style.top = `${py}px`;
  }

  showState(state) {
    const words = { live: "Live", reading: "Updated every few seconds", lost: "Reconnecting … seats as last seen" };
    this.live.className = `live ${state}`;
    this.live.textContent = words[state];
  }

  /** Whoever waits for the sale need not reload. */
  openWhenSaleOpens(signal) {
    const { status, onsaleAt, id } = this.event;
    const wait = new Date(onsaleAt ?? 0) - Date.now();
    if (status !== "scheduled" || wait > 2 ** 31 - 1) return;
    const look = async () => {
      const now = await get(`/events/${id}?tickets=false`, { signal }).catch(() => this.event);
      if (signal.aborted) return;
      if (now.status === "scheduled") timer = setTimeout(look, 2000);
      else { this.event = now; document.querySelector(".sale-note")?.remove(); this.basket.changed(); notice("The sale is open."); }
    };
    let timer = setTimeout(look, Math.max(wait, 500));
    signal.addEventListener("abort", () => clearTimeout(timer));
  }
}

function saleWords(event) {
  const words = {
    scheduled: event.onsaleAt ? `The sale opens on ${when(event.onsaleAt)}.` : "The sale has not opened yet.",
    postponed: "This event is postponed; its sale waits.", cancelled: "This event is cancelled.", ended: "This event is over.",
  };
  return words[event.status] ?? "";
}

const saleNote = (event) => saleWords(event) && h("p", { class: "sale-note" }, saleWords(event));

function legend(plan, event) {
  const state = (name, text) => h("li", {}, h("span", { class: `dot ${name}`, "aria-hidden": "true" }), text);
  return h("ul", { class: "legend" },
    plan.categories.map((category, at) => h("li", {}, h("span", { class: `dot available level-${at % 6}`, "aria-hidden": "true" }), `${category}, ${money({ amount: event.prices[category] ?? 0, currency: event.currency })}`)),
    state("mine", "Yours"), state("held", "Held"), state("booked", "Sold"), state("blocked", "Not for sale"));
}
