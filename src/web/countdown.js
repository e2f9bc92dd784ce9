// Owns: how long a hold still lives, by this machine's monotonic clock: the node says how many seconds are left, so a
// wrong wall clock here does no harm.

/** When `hold`, which was just answered, ends: on the scale of `performance.now()`. */
export function deadlineOf(hold, now = performance.now()) {
  return now + hold.expiresInSeconds * 1000;
}

/** "9:59", rounded up, never below zero. */
export function clock(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Tells `tick` the time left four times a second, and `end` once it is over. Returns what stops it. */
export function countDown(deadline, tick, end) {
  const step = () => {
    const left = deadline - performance.now();
    tick(left);
    if (left > 0) return;
    clearInterval(timer);
    end();
  };
  const timer = setInterval(step, 250);
  tick(deadline - performance.now());
  return () => clearInterval(timer);
}
