// Owns: who is logged in. The token lives in memory and, so that a reload keeps it, in this tab's session storage: never
// in an address, never in a cookie, never in what outlives the tab.
import { actAs, get, post } from "./api.js";

const PLACE = "onsale.session";
const changes = new EventTarget();
let session = read();
apply();

/** The user, or `null`. */
export function user() {
  return session?.user ?? null;
}

/** Calls `heard` whenever somebody logs in or out, until `signal`. */
export function onChange(heard, signal) {
  changes.addEventListener("change", heard, { signal });
}

export async function login(username, password) {
  const { accessToken, expiresIn, user } = await post("/users/login", { username, password }, { key: null });
  set({ token: accessToken, until: Date.now() + expiresIn * 1000, user });
}

export async function signUp(person) {
  await post("/users", person, { key: null });
  await login(person.username, person.password);
}

export async function logout() {
  await post("/users/logout", undefined, { key: null, patience: 3000 }).catch(() => {});
  set(null);
}

/** Whether the token is good still, as the node sees it. */
export async function refresh() {
  if (session) await get(`/users/${session.user.id}`, { patience: 3000 }).catch(() => {});
}

function set(next) {
  session = next;
  if (next) sessionStorage.setItem(PLACE, JSON.stringify(next));
  else sessionStorage.clear();
  apply();
  changes.dispatchEvent(new Event("change"));
}

function apply() {
  actAs(session?.token ?? null, () => set(null));
}

function read() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PLACE));
    return kept && kept.until > Date.now() ? kept : null;
  } catch {
    return null;
  }
}
