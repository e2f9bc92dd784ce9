// Owns: how the node is asked. One request, one answer or one Problem; what may safely be asked again is, with the same
// Idempotency-Key, when the node says so (429, 503 and Retry-After) or cannot be reached. Knows nothing of what is asked.

/** How long a request is tried again before its failure is told. */
const PATIENCE_MS = 20_000;
const BINARY = "application/vnd.onsale.seats";

/** A "no" of the node, with its stable code. `unreachable` is ours: nobody answered. */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail ?? body.title ?? "Something went wrong.");
    Object.assign(this, { status, code: body.code ?? "unknown", body, retryAfter });
  }
}

let token = null;
let whenRefused = () => {};

/** From now on requests are made as whoever has this token; `refused` hears when it is good no more. */
export function actAs(newToken, refused = () => {}) {
  token = newToken;
  whenRefused = refused;
}

/** A name for one intention: however often it is sent, it happens once. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const get = (path, options) => ask("GET", path, options);
export const post = (path, body, options) => ask("POST", path, { key: newKey(), ...options, body });
export const patch = (path, body, options) => ask("PATCH", path, { key: newKey(), ...options, body });
export const remove = (path, options) => ask("DELETE", path, { key: newKey(), ...options });

/** The seats of an event as bytes. */
export async function seatBytes(path, options) {
  const response = await send("GET", path, { accept: BINARY, ...options });
  return new Uint8Array(await response.arrayBuffer());
}

/** A picture that not everybody may see, as an address for `img`. */
export async function picture(path, options) {
  const response = await send("GET", path, { accept: "image/svg+xml", ...options });
  return URL.createObjectURL(await response.blob());
}

async function ask(method, path, options = {}) {
  const response = await send(method, path, options);
  if (response.status === 204) return null;
  return { status: response.status, ...(await response.json()) };
}

async function send(method, path, options = {}) {
  const until = performance.now() + (options.patience ?? PATIENCE_MS);
  for (let turn = 0; ; turn += 1) {
    const problem = await sendOnce(method, path, options).catch((error) => {
      if (error.name === "AbortError") throw error;
      return new Problem(0, { code: "unreachable", detail: "The box office cannot be reached." }, 0.5);
    });
    if (!(problem instanceof Problem)) return problem;
    if (problem.status === 401 && token) whenRefused(problem);
    const wait = waitBefore(problem, turn);
    if (wait === null || performance.now() + wait > until) throw problem;
    await pause(wait, options.signal);
  }
}

/** Milliseconds until `problem` is worth another try; `null` where it is none. */
export function waitBefore(problem, turn) {
  const passing = [0, 429, 503].includes(problem.status) || problem.code === "idempotency-in-flight";
  if (!passing) return null;
  const told = (problem.retryAfter ?? 1) * 1000;
  return Math.max(told, Math.min(250 * 2 ** turn, 4000));
}

async function sendOnce(method, path, { body, key, signal, accept, timeout = 15_000 }) {
  const headers = { accept: accept ?? "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  if (key && method !== "GET") headers["idempotency-key"] = key;
  if (signal?.aborted) throw signal.reason;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error("late")), timeout);
  const given = () => late.abort(signal.reason);
  signal?.addEventListener("abort", given, { once: true });
  try {
    const response = await fetch(path, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: late.signal, cache: "no-cache",
    });
    if (response.ok) return response;
    const told = await response.json().catch(() => ({}));
    return new Problem(response.status, told, Number(response.headers.get("retry-after")) || undefined);
  } catch (error) {
    throw signal?.aborted ? signal.reason ?? error : error.name === "AbortError" ? new Error("late") : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", given);
  }
}

function pause(milliseconds, signal) {
  return new Promise((done, failed) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", () => { clearTimeout(timer); failed(signal.reason); }, { once: true });
  });
}
