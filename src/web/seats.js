// Owns: how every seat is right now, as far as this page has heard, and how many are free in each section. Reads the
// binary form (`OSB1`) and the changes of the stream. Bytes that are none of ours are refused, never guessed at.

export const [AVAILABLE, HELD, BOOKED, BLOCKED] = [0, 1, 2, 3];
export const WORDS = ["available", "held", "booked", "blocked"];

/** Version and one status a seat of the binary form. */
export function decode(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 16 || view.getUint32(0) !== 0x4f534231) throw new Error("these are no seats");
  const seats = view.getUint32(4, true);
  if (bytes.length !== 16 + Math.ceil(seats / 4)) throw new Error("seats are missing");
  const statuses = new Uint8Array(seats);
  for (let seat = 0; seat < seats; seat += 1) statuses[seat] = (bytes[16 + (seat >> 2)] >> (2 * (seat & 3))) & 3;
  return { version: Number(view.getBigUint64(8, true)), statuses };
}

/** The same from base64, as the stream's snapshot has it. */
export function decodeText(text) {
  return decode(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
}

/** The seats of one event; tells of changes by `change` events. */
export class Seats extends EventTarget {
  constructor(plan) {
    super();
    this.plan = plan;
    this.version = -1;
    this.status = new Uint8Array(plan.count).fill(BLOCKED);
    this.free = new Int32Array(plan.sections.length);
  }

  /** Everything anew, unless it is older than what is known. `restart`: whatever was known counts no more. */
  load({ version, statuses }, restart = false) {
    if (statuses.length !== this.plan.count) throw new Error("these are seats of another plan");
    if (version < this.version && !restart) return;
    this.version = version;
    this.status.set(statuses);
    for (const { index, first, count } of this.plan.sections) {
      let free = 0;
      for (let seat = first; seat < first + count; seat += 1) free += this.status[seat] === AVAILABLE ? 1 : 0;
      this.free[index] = free;
    }
    this.dispatchEvent(new CustomEvent("change", { detail: null }));
  }

  /** Some seats, as the stream tells them. */
  apply({ version, changes }) {
    if (version <= this.version) return;
    this.version = version;
    const changed = [];
    for (const { ticketId, status } of changes) {
      const seat = this.plan.seat(ticketId);
      const now = WORDS.indexOf(status);
      if (seat < 0 || now < 0) continue;
      this.set(seat, now);
      changed.push(seat);
    }
    this.dispatchEvent(new CustomEvent("change", { detail: changed }));
  }

  /** Seats that this page knows about before the stream does. */
  learn(seats, status) {
    for (const seat of seats) this.set(seat, status);
    this.dispatchEvent(new CustomEvent("change", { detail: [...seats] }));
  }

  set(seat, now) {
    const before = this.status[seat];
    if (before === now) return;
    this.status[seat] = now;
    const { index } = this.plan.row(seat).section;
    this.free[index] += (now === AVAILABLE ? 1 : 0) - (before === AVAILABLE ? 1 : 0);
  }

  /** How many are free. */
  get available() {
    return this.free.reduce((sum, free) => sum + free, 0);
  }
}
