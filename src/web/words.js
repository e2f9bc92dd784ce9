// Owns: how money, times, seats and refusals are put into words.

/** `{amount, currency}` as people write it. */
export function money({ amount, currency }) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits;
  return format.format(amount / 10 ** digits);
}

/** The day and hour of a show, where it is. */
export function when(time, timezone) {
  return inZone(timezone, { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" }, time);
}

/** Day and month, for a corner of a poster. */
export function dayOf(time, timezone) {
  return { day: inZone(timezone, { day: "numeric" }, time), month: inZone(timezone, { month: "short" }, time) };
}

function inZone(timeZone, options, time) {
  const date = new Date(time);
  try {
    return new Intl.DateTimeFormat(undefined, { ...options, timeZone }).format(date);
  } catch {
    return new Intl.DateTimeFormat(undefined, options).format(date);
  }
}

export const count = (number) => new Intl.NumberFormat().format(number);
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** "Block 3, row 12, seat 7", of a ticket or of a seat of a plan. */
export function place({ section, row, seat }) {
  return row === null || row === undefined ? `${section}, place ${seat}` : `${section}, row ${row}, seat ${seat}`;
}

const SAID = {
  unreachable: "The box office cannot be reached right now. Nothing is lost; try again in a moment.",
  unauthenticated: "Please log in first.",
  "token-expired": "You have been logged out, because it was a while ago. Please log in again.",
  "payment-declined": "Your card was declined. Your seats stay yours until the time runs out: try another card.",
  "seat-unavailable": "Somebody was faster: that seat is taken.",
  "sold-out": "There are not that many free seats together that fit. Try fewer, or another section.",
  "hold-expired": "The time ran out and your seats went back on sale.",
  "event-cancelled": "This event has been cancelled.",
  "already-cancelled": "This is cancelled already.",
  "already-paid": "This is paid already.",
  "username-taken": "Somebody else has this user name. Choose another one.",
  "email-taken": "There is an account with this e-mail address already. Log in instead?",
  "rate-limited": "That was a lot at once. Wait a moment and try again.",
  overloaded: "Very many people are here right now. Try again in a moment.",
  "owner-unavailable": "This sale is being moved to another machine. Try again in a moment.",
  "not-admitted": "There is a waiting room for this event, and it is not your turn yet.",
};

/** What to tell somebody who ran into `problem`. */
export function said(problem) {
  if (problem.code === "not-on-sale") {
    const opens = problem.body.opensAt;
    return opens ? `The sale opens on ${when(opens)}.` : "These tickets are not on sale.";
  }
  if (problem.code === "limit-exceeded") {
    const { limit } = problem.body;
    const most = typeof limit === "object" ? limit?.perCustomer : limit;
    return most ? `No more than ${plural(most, "ticket")} for each person at this event.` : problem.message;
  }
  if (problem.code === "validation-failed" && problem.body.errors?.length) {
    return problem.body.errors.map(({ pointer, message }) => `${pointer.slice(1) || "This"}: ${message}.`).join(" ");
  }
  return SAID[problem.code] ?? problem.message;
}
