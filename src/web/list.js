// Owns: the seats without a picture, for keyboards and screen readers and whoever likes lists: sections, then the rows of
// one of them, with a button for every seat.
import { fill, h } from "./dom.js";
import { AVAILABLE, WORDS } from "./seats.js";
import { count, money, plural } from "./words.js";

/** So many places of a standing area have buttons; nobody needs more, one is as good as the other. */
const STANDING_SHOWN = 48;

export class SeatList {
  constructor(root, { plan, seats, mine, price, pick }) {
    Object.assign(this, { root, plan, seats, mine, price, pick });
    this.section = null;
    this.buttons = new Map();
    this.update = (event) => this.refresh(event.detail);
    seats.addEventListener("change", this.update);
    this.showSections();
  }

  close() {
    this.seats.removeEventListener("change", this.update);
  }

  showSections() {
    this.section = null;
    this.buttons.clear();
    this.counts = new Map();
    const entry = (section) => {
      const left = h("span", { class: "quiet" }, this.left(section));
      this.counts.set(section, left);
      return h("li", {}, h("button", { type: "button", class: "row-button", "data-section": section.name, onclick: () => this.showRows(section) },
        h("span", { class: "grow" }, section.name), left, h("strong", {}, money(this.price(section.category)))));
    };
    fill(this.root, h("h3", { tabindex: "-1" }, "Sections"), h("ul", { class: "sections" }, this.plan.sections.map(entry)));
  }

  left(section) {
    const free = this.seats.free[section.index];
    return free === 0 ? "sold out" : `${count(free)} free`;
  }

  showRows(section) {
    this.section = section;
    this.buttons.clear();
    this.counts.clear();
    const title = h("h3", { tabindex: "-1" }, section.name, " · ", money(this.price(section.category)));
    fill(this.root,
      h("button", { type: "button", class: "plain back", onclick: () => { this.showSections(); this.root.querySelector("h3").focus(); } }, "← All sections"),
      title,
      section.standing ? this.standing(section) : section.rows.map((row) => this.row(row)));
    title.focus();
  }

  standing(section) {
    const shown = Math.min(section.count, STANDING_SHOWN);
    const free = [];
    for (let seat = section.first; seat < section.first + section.count && free.length < shown; seat += 1) {
      if (this.seats.status[seat] === AVAILABLE || this.mine.has(seat)) free.push(seat);
    }
    return [h("p", { class: "quiet" }, `Standing, ${plural(section.count, "place")}: one is as good as the other.`),
      h("div", { class: "seat-row" }, h("div", { class: "seat-buttons" }, free.map((seat) => this.button(seat))))];
  }

  row(row) {
    const seats = Array.from({ length: row.count }, (_, at) => this.button(row.first + at));
    return h("div", { class: "seat-row", role: "group", "aria-label": `Row ${row.name}` },
      h("span", { class: "row-name", "aria-hidden": "true" }, row.name), h("div", { class: "seat-buttons" }, seats));
  }

  button(seat) {
    const button = h("button", { type: "button", class: "seat", "data-seat": seat, onclick: () => this.pick(seat) });
    this.buttons.set(seat, button);
    this.dress(seat, button);
    return button;
  }

  /** Says of a button how its seat is. */
  dress(seat, button) {
    const { row, seat: name, accessible } = this.plan.place(seat);
    const mine = this.mine.has(seat);
    const status = this.seats.status[seat];
    button.textContent = name;
    button.className = `seat ${mine ? "mine" : WORDS[status]}`;
    button.setAttribute("aria-pressed", String(mine));
    button.setAttribute("aria-disabled", String(!mine && status !== AVAILABLE));
    const which = row === null ? `Place ${name}` : `Row ${row}, seat ${name}`;
    button.setAttribute("aria-label", `${which}${accessible ? ", wheelchair accessible" : ""}, ${mine ? "yours" : WORDS[status]}`);
  }

  /** Some seats have changed, or all. */
  refresh(changed) {
    for (const [section, left] of this.counts) left.textContent = this.left(section);
    const seats = changed ?? this.buttons.keys();
    for (const seat of seats) {
      const button = this.buttons.get(seat);
      if (button) this.dress(seat, button);
    }
  }
}
