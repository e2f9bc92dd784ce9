// Owns: one booking: its tickets with what the door reads, and giving back one of them or all.
import { ensureUser } from "./account.js";
import { get, picture, remove } from "./api.js";
import { confirmed, fill, h, notice } from "./dom.js";
import { user } from "./session.js";
import { money, place, plural, said, when } from "./words.js";

export async function showBooking(root, id, signal) {
  if (!user() && !(await ensureUser("Your tickets are yours alone."))) return void fill(root, loggedOut());
  const booking = await get(`/bookings/${id}`, { signal });
  const event = await get(`/events/${booking.eventId}?tickets=false`, { signal }).catch(() => null);
  if (signal.aborted) return;
  draw(root, booking, event, signal);
}

export const loggedOut = () => h("div", { class: "empty" }, h("h1", {}, "Please log in"),
  h("p", { class: "quiet" }, "Your bookings and tickets are yours alone."),
  h("button", { type: "button", class: "primary", onclick: () => ensureUser().then((there) => there && dispatchEvent(new Event("hashchange"))) }, "Log in"));

function draw(root, booking, event, signal) {
  document.title = `${event?.name ?? "Booking"} · onsale`;
  const words = { booked: "You are going!", pending: "Waiting for the payment", cancelled: "This booking is cancelled" };
  const again = (changed) => draw(root, changed, event, signal);
  fill(root, h("article", { class: "booking", "data-status": booking.status },
    h("a", { href: "#/bookings", class: "quiet" }, "← My bookings"),
    h("h1", {}, words[booking.status]),
    event && h("p", {}, h("a", { href: `#/event/${event.id}` }, event.name), ` · ${when(event.startsAt, event.timezone)} · ${event.venue.name}, ${event.venue.city}`),
    h("p", { class: "quiet" }, `${plural(booking.tickets.length, "ticket")}, ${money(booking.total)}, booking ${booking.id}`,
      booking.refunded.amount > 0 && `, ${money(booking.refunded)} refunded`),
    h("ul", { class: "tickets-printed" }, booking.tickets.map((ticket) => printed(booking, ticket, event, signal, again))),
    booking.status === "booked" && h("div", { class: "actions" },
      h("button", { type: "button", onclick: () => print() }, "Print"),
      h("button", { type: "button", class: "danger", id: "cancel-booking", onclick: () => cancel(`/bookings/${booking.id}`, "Cancel the whole booking?", "Cancel it", event, again) }, "Cancel booking"))));
}

function printed(booking, ticket, event, signal, again) {
  const code = h("div", { class: "qr" });
  if (ticket.code) {
    picture(`/bookings/${booking.id}/tickets/${ticket.id}/qr`, { signal }).then((address) => {
      fill(code, h("img", { src: address, alt: `QR code for ${place(ticket)}`, width: 168, height: 168 }));
      signal.addEventListener("abort", () => URL.revokeObjectURL(address));
    }, (problem) => { if (!signal.aborted) fill(code, h("p", { class: "quiet" }, said(problem))); });
  } else fill(code, h("p", { class: "quiet" }, booking.status === "pending" ? "not paid yet" : "void"));
  return h("li", { class: `card printed ${ticket.code ? "" : "void"}` }, code, h("div", { class: "text" },
    h("p", { class: "quiet" }, event?.name), h("h2", {}, ticket.section),
    h("p", {}, ticket.row === null ? `Place ${ticket.seat}` : `Row ${ticket.row}, seat ${ticket.seat}`),
    h("p", {}, money(ticket.price), ticket.priceType && ` · ${ticket.priceType}`, ticket.accessible && " · wheelchair accessible"),
    ticket.code && booking.tickets.filter((other) => other.code).length > 1 && h("button", { type: "button", class: "link", onclick: () =>
      cancel(`/bookings/${booking.id}/tickets/${ticket.id}`, `Give back ${place(ticket)}?`, "Give it back", event, again) }, "Give this one back")));
}

async function cancel(path, question, yes, event, again) {
  if (!(await confirmed(question, yes, rule(event)))) return;
  try {
    again(await remove(path));
    notice("Done. The money goes back the way it came.");
  } catch (problem) {
    notice(said(problem), "bad");
  }
}

function rule(event) {
  if (!event) return "";
  const { until, feePercent } = event.cancellation;
  return `Possible until ${when(until, event.timezone)}; ${feePercent === 0 ? "the full price is refunded" : `${feePercent} % of the price is kept`}.`;
}
