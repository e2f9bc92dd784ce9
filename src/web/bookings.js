// Owns: the list of one's bookings, newest first.
import { ensureUser } from "./account.js";
import { get } from "./api.js";
import { loggedOut } from "./booking.js";
import { fill, h } from "./dom.js";
import { poster } from "./poster.js";
import { user } from "./session.js";
import { money, plural, when } from "./words.js";

const WORDS = { booked: "Booked", pending: "Waiting for payment", cancelled: "Cancelled" };

export async function showBookings(root, _part, signal) {
  if (!user() && !(await ensureUser("Your bookings are yours alone."))) return void fill(root, loggedOut());
  const list = h("ul", { class: "bookings" });
  const more = h("p", { class: "more" });
  const events = new Map();
  const nameOf = (id) => {
    if (!events.has(id)) events.set(id, get(`/events/${id}?tickets=false`, { signal }).catch(() => null));
    return events.get(id);
  };
  const load = async (page) => {
    const found = await get(`/bookings?page=${page}`, { signal });
    const shown = await Promise.all(found.items.map(async (booking) => entry(booking, await nameOf(booking.eventId))));
    list.append(...shown);
    fill(more, found.page * found.pageSize < found.total && h("button", { type: "button", onclick: () => load(page + 1) }, "Show more"));
    return found.total;
  };
  const total = await load(1);
  if (signal.aborted) return;
  document.title = "My bookings · onsale";
  fill(root, h("section", { class: "narrow" }, h("h1", {}, "My bookings"),
    total === 0 ? h("div", { class: "empty" }, h("p", { class: "quiet" }, "None yet. What you buy is kept here, with its tickets."), h("a", { class: "button primary", href: "#/" }, "Find something")) : [list, more]));
}

function entry(booking, event) {
  return h("li", {}, h("a", { class: "card booking-card", href: `#/booking/${booking.id}`, "data-status": booking.status },
    event && h("div", { class: "picture" }, poster(event)),
    h("div", { class: "text" }, h("h2", {}, event?.name ?? "An event"),
      event && h("p", { class: "quiet" }, `${when(event.startsAt, event.timezone)}, ${event.venue.city}`),
      h("p", {}, `${plural(booking.tickets.length, "ticket")}, ${money(booking.total)} · `, h("span", { class: `status ${booking.status}` }, WORDS[booking.status])))));
}
