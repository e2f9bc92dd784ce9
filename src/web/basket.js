// Owns: the one hold of this tab on an event: what the buyer wants, what the node has set aside, and the way from one to
// the other. Wishes may come faster than answers: they are worked off one after the other, and what is wanted last counts.
// A reload finds the hold again by its id, which stays in the tab's session storage.
import { Problem, get, patch, post, remove } from "./api.js";
import { deadlineOf } from "./countdown.js";
import { AVAILABLE, HELD } from "./seats.js";

export class Basket extends EventTarget {
  constructor(event, plan, seats) {
    super();
    Object.assign(this, { event, plan, seats });
    this.place = `onsale.hold.${event}`;
    this.hold = null;
    this.deadline = 0;
    this.held = new Set();
    this.wanted = new Set();
    this.working = null;
  }

  /** Finds the hold that was there before the page was loaded. */
  async restore() {
    const id = sessionStorage.getItem(this.place);
    if (!id) return;
    try {
      this.take(await get(`/holds/${id}`));
      this.wanted = new Set(this.held);
    } catch (problem) {
      if (problem.status !== 410 && problem.status !== 404) return this.tell(problem);
      this.forget();
      this.dispatchEvent(new Event("ended"));
    }
    this.changed();
  }

  /** Wants these seats, or wants them no more. */
  toggle(seats) {
    for (const seat of seats) {
      if (!this.wanted.delete(seat)) this.wanted.add(seat);
    }
    this.changed();
    return this.work();
  }

  /** Wants these instead of those. */
  exchange(without, instead) {
    without.forEach((seat) => this.wanted.delete(seat));
    instead.forEach((seat) => this.wanted.add(seat));
    this.changed();
    return this.work();
  }

  /** The best seats that fit a wish, in the place of what is held. */
  async best(wish) {
    await this.working;
    const before = this.hold;
    try {
      const hold = await post(`/events/${this.event}/holds`, { bestAvailable: wish });
      if (before) await this.giveBack(before);
      this.take(hold);
      this.wanted = new Set(this.held);
    } catch (problem) {
      this.tell(problem);
    }
    this.changed();
  }

  /** Gives everything back. */
  release() {
    this.wanted.clear();
    this.changed();
    return this.work();
  }

  /** More time to decide. */
  async extend() {
    try {
      this.take(await post(`/holds/${this.hold.id}/extend`, {}));
    } catch (problem) {
      this.tell(problem);
    }
    this.changed();
  }

  /** The time is over, or the hold was paid. */
  end() {
    this.forget();
    this.changed();
  }

  get busy() {
    return this.working !== null;
  }

  work() {
    this.working ??= this.workOff().finally(() => {
      this.working = null;
      this.changed();
    });
    return this.working;
  }

  async workOff() {
    for (;;) {
      const add = [...this.wanted].filter((seat) => !this.held.has(seat));
      const out = [...this.held].filter((seat) => !this.wanted.has(seat));
      if (add.length === 0 && out.length === 0) return;
      try {
        await this.step(add, out);
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        this.accept(problem, add);
      }
      this.changed();
    }
  }

  async step(add, out) {
    const tickets = (seats) => seats.map((seat) => this.plan.ticket(seat));
    if (!this.hold) return this.take(await post(`/events/${this.event}/holds`, { ticketIds: tickets(add) }));
    if (this.wanted.size === 0) {
      const { hold } = this;
      this.forget(true);
      return this.giveBack(hold);
    }
    const change = { ...(add.length > 0 && { add: tickets(add) }), ...(out.length > 0 && { remove: tickets(out) }) };
    return this.take(await patch(`/holds/${this.hold.id}`, change));
  }

  async giveBack(hold) {
    const seats = hold.tickets.map((ticket) => this.plan.seat(ticket.id));
    await remove(`/holds/${hold.id}`).catch((problem) => {
      if (problem.status !== 410 && problem.status !== 404) throw problem;
    });
    this.seats.learn(seats, AVAILABLE);
  }

  /** What the node has set aside now. */
  take(hold) {
    const before = this.held;
    this.hold = hold;
    this.deadline = deadlineOf(hold);
    this.held = new Set(hold.tickets.map((ticket) => this.plan.seat(ticket.id)));
    sessionStorage.setItem(this.place, hold.id);
    this.seats.learn([...before].filter((seat) => !this.held.has(seat)), AVAILABLE);
    this.seats.learn(this.held, HELD);
  }

  /** A "no": what cannot be had is wanted no more, and who listens may offer something else. */
  accept(problem, add) {
    if (problem.code === "seat-unavailable") {
      const told = problem.body.unavailable ?? [];
      const lost = told.map(({ ticketId }) => this.plan.seat(ticketId)).filter((seat) => this.wanted.has(seat));
      const gone = lost.length > 0 ? lost : add;
      gone.forEach((seat) => this.wanted.delete(seat));
      this.seats.learn(gone, HELD);
      this.dispatchEvent(new CustomEvent("lost", { detail: gone }));
      return;
    }
    if (problem.code === "hold-expired" || (problem.code === "not-found" && this.hold)) this.forget();
    this.wanted = new Set(this.held);
    this.tell(problem);
  }

  forget(keepWishes = false) {
    sessionStorage.removeItem(this.place);
    this.hold = null;
    this.held = new Set();
    if (!keepWishes) this.wanted = new Set();
  }

  tell(problem) {
    if (!(problem instanceof Problem)) throw problem;
    this.dispatchEvent(new CustomEvent("refused", { detail: problem }));
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}
