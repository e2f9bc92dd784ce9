// Owns: where every seat of an event belongs: section, row, name, and the id of its ticket. Seats are counted from 0 in
// the order of `GET /events/{id}/plan`, which is that of every other answer. Knows nothing of who has them, nor of pixels.

/** What `GET /events/{id}/plan` says, with its seats numbered. */
export class Plan {
  constructor({ ticketIds, sections }) {
    this.prefix = ticketIds.prefix;
    this.digits = ticketIds.digits;
    this.rows = [];
    this.sections = [];
    let first = 0;
    for (const told of sections) {
      const standing = told.rows === undefined;
      const section = { index: this.sections.length, name: told.name, category: told.category, standing, first, count: 0, rows: [] };
      const rows = standing ? [{ name: null, seats: told.capacity }] : told.rows;
      for (const { name, seats } of rows) {
        const named = Array.isArray(seats) ? seats : null;
        const row = { index: this.rows.length, section, name, first, count: named ? named.length : seats, named };
        section.rows.push(row);
        this.rows.push(row);
        first += row.count;
      }
      section.count = first - section.first;
      this.sections.push(section);
    }
    this.count = first;
    this.categories = [...new Set(this.sections.map((section) => section.category))];
  }

  /** The row that `seat` is in. */
  row(seat) {
    let [low, high] = [0, this.rows.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.rows[middle].first <= seat) low = middle;
      else high = middle - 1;
    }
    return this.rows[low];
  }

  /** Section, row and seat by name. */
  place(seat) {
    const row = this.row(seat);
    const at = seat - row.first;
    const named = row.named?.[at];
    return {
      section: row.section.name, category: row.section.category, row: row.name,
      seat: named ? named.name : String(at + 1), accessible: named?.accessible ?? false,
    };
  }

  /** The id of the ticket for `seat`. */
  ticket(seat) {
    const { digits } = this;
    let text = "";
    let rest = seat;
    do {
      text = digits[rest % digits.length] + text;
      rest = Math.floor(rest / digits.length);
    } while (rest > 0);
    return this.prefix + text;
  }

  /** The seat of a ticket; `-1` where it is of another event. */
  seat(ticket) {
    if (!ticket.startsWith(this.prefix) || ticket.length === this.prefix.length) return -1;
    let seat = 0;
    for (const digit of ticket.slice(this.prefix.length)) {
      const value = this.digits.indexOf(digit);
      if (value < 0) return -1;
      seat = seat * this.digits.length + value;
    }
    return seat < this.count ? seat : -1;
  }
}
