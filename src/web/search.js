// Owns: finding an event: a question, its filters, and the answers as they come. An answer to an older question is never
// shown after a newer one has been asked. The question stands in the address, so that it can be kept and shared.
import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { poster } from "./poster.js";
import { count, dayOf, money, plural, said, when } from "./words.js";

const DELAY_MS = 180;
const PAGE = 24;
const TYPES = ["concert", "musical", "comedy", "sports", "classical", "theatre", "festival"];
const SORTS = { relevance: "Best match", date: "Soonest", price: "Cheapest" };

export async function showSearch(root, address, signal) {
  const given = new URLSearchParams(address);
  const form = questions(given);
  const results = h("div", { id: "results", "aria-busy": "true" });
  const summary = h("p", { class: "quiet", id: "summary", role: "status" });
  fill(root, h("section", { class: "hero" }, h("h1", {}, "What would you like to see?"), form), summary, results);

  let asking = null;
  let delay = 0;
  const ask = async (page = 1) => {
    asking?.abort();
    const mine = asking = new AbortController();
    const query = questionOf(form);
    results.setAttribute("aria-busy", "true");
    try {
      const found = await get(pathOf(query, page), { signal: mine.signal, patience: 8000 });
      present(results, summary, found, query, page, () => ask(page + 1));
      if (page === 1) offer(form, found.facets);
    } catch (problem) {
      if (mine.signal.aborted) return;
      summary.textContent = said(problem);
      if (page === 1) fill(results, h("p", {}, h("button", { type: "button", onclick: () => ask() }, "Try again")));
    }
    results.setAttribute("aria-busy", "false");
  };
  const narrowed = () => {
    const text = questionOf(form).toString();
    history.replaceState(null, "", text ? `#/?${text}` : "#/");
    clearTimeout(delay);
    delay = setTimeout(ask, DELAY_MS);
  };
  form.addEventListener("input", narrowed);
  form.addEventListener("submit", (event) => { event.preventDefault(); narrowed(); });
  signal.addEventListener("abort", () => { clearTimeout(delay); asking?.abort(); });
  await ask();
}

function questions(given) {
  const value = (name) => given.get(name) ?? "";
  const input = (name, label, attributes) => h("label", {}, label, h("input", { name, value: value(name), ...attributes }));
  const types = TYPES.includes(value("type")) || !value("type") ? TYPES : [...TYPES, value("type")];
  const select = (name, label, entries) => h("label", {}, label, h("select", { name },
    entries.map(([key, text]) => h("option", { value: key, selected: key === value(name) }, text))));
  return h("form", { class: "search", role: "search" },
    h("input", { type: "search", name: "keyword", value: value("keyword"), id: "keyword", placeholder: "Artist, show, team or venue", "aria-label": "What", autocomplete: "off", enterkeyhint: "search" }),
    h("div", { class: "filters" },
      input("location", "Where", { placeholder: "City or country", list: "cities", autocomplete: "off" }), h("datalist", { id: "cities" }),
      select("type", "What kind", [["", "Anything"], ...types.map((type) => [type, titled(type)])]),
      input("start", "From", { type: "date" }),
      input("end", "Until", { type: "date" }),
      input("maxPrice", "Up to (price)", { type: "number", min: 1, inputmode: "numeric" }),
      select("sort", "Order", Object.entries(SORTS).map(([key, text]) => [key === "relevance" ? "" : key, text]))));
}

/** What is asked for, without what is left open. */
function questionOf(form) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value.trim()) query.set(name, value.trim());
  return query;
}

function pathOf(query, page) {
  const asked = new URLSearchParams(query);
  // People name a price in whole units, the interface in the smallest.
  if (asked.has("maxPrice")) asked.set("maxPrice", Math.round(Number(asked.get("maxPrice")) * 100));
  if (page > 1) asked.set("page", page);
  else asked.set("facets", "true");
  asked.set("pageSize", PAGE);
  return `/events/search?${asked}`;
}

const titled = (word) => word[0].toUpperCase() + word.slice(1);

/** What there is to narrow the answer by: kinds, unless one is chosen already, and cities. */
function offer(form, facets) {
  if (!facets) return;
  const { type } = form.elements;
  const entry = ({ value, count: many }) => h("option", { value }, `${titled(value)} (${count(many)})`);
  if (!type.value) fill(type, h("option", { value: "" }, "Anything"), facets.type.filter(({ value }) => value).map(entry));
  fill(form.querySelector("#cities"), facets.city.slice(0, 100).map(({ value }) => h("option", { value })));
}

function present(results, summary, found, query, page, more) {
  const cards = found.items.map(card);
  const list = page === 1 ? h("ul", { class: "cards" }) : results.querySelector(".cards");
  list.append(...cards);
  const next = found.page * found.pageSize < found.total
    && h("p", { class: "more" }, h("button", { type: "button", onclick: more }, "Show more"));
  if (found.total === 0) fill(results, query.size === 0 ? firstStart() : nothing());
  else fill(results, list, next);
  summary.textContent = found.total === 0 ? "" : query.size === 0 ? `${plural(found.total, "event")} coming up` : `${plural(found.total, "event")} found`;
}

function card(event) {
  const { day, month } = dayOf(event.startsAt, event.timezone);
  const { available, total } = event.availability;
  const state = event.status === "cancelled" ? "Cancelled" : available === 0 ? "Sold out" : available < total * 0.1 ? `Only ${count(available)} left` : "";
  return h("li", {}, h("a", { class: "card event-card", href: `#/event/${event.id}` },
    h("div", { class: "picture" }, poster(event),
      h("span", { class: "date", "aria-hidden": "true" }, h("b", {}, day), month),
      state && h("span", { class: "tag" }, state)),
    h("div", { class: "text" }, h("h2", {}, event.name),
      h("p", { class: "quiet" }, when(event.startsAt, event.timezone)),
      h("p", { class: "quiet" }, `${event.venue.name}, ${event.venue.city}`),
      h("p", { class: "price" }, "from ", h("strong", {}, money(event.priceFrom))))));
}

const nothing = () => h("div", { class: "empty" }, h("h2", {}, "Nothing fits"),
  h("p", { class: "quiet" }, "Try fewer words, another place or another day."));

const firstStart = () => h("div", { class: "empty", id: "first-start" }, h("h2", {}, "The box office is open, but nothing is on sale yet"),
  h("p", {}, "This node runs and waits for its first event. Three ways to go on:"),
  h("ul", {}, h("li", {}, h("code", {}, "onsale demo"), " shows everything at once, with shows and buyers made up."),
    h("li", {}, h("code", {}, "onsale catalogue import FILE"), " brings venues, performers and events of your own."),
    h("li", {}, "The ", h("a", { href: "/docs" }, "HTTP interface"), " makes them one by one: ", h("code", {}, "POST /venues"), ", ", h("code", {}, "/performers"), ", ", h("code", {}, "/events"), ".")));
