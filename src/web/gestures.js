// Owns: what fingers, mouse, wheel and keys mean to a map: pan, zoom, tap, hover.

const TAP_PX = 8;

/** Moves `camera` as `canvas` is touched; `tap(px, py)` and `hover(px, py)` are for whoever knows what is there. */
export function listen(canvas, camera, { tap, hover, leave }) {
  const down = new Map();
  let travelled = 0;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    if (down.size === 0) travelled = 0;
    down.set(event.pointerId, at(event));
    try { canvas.setPointerCapture(event.pointerId); } catch { /* a pointer that is no more */ }
  });

  canvas.addEventListener("pointermove", (event) => {
    const now = at(event);
    const before = down.get(event.pointerId);
    if (!before) return event.pointerType === "mouse" && hover(...now);
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    down.set(event.pointerId, now);
    travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (travelled < TAP_PX) return;
    leave();
    if (!other) return camera.pan(now[0] - before[0], now[1] - before[1]);
    const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
    const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
    camera.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    camera.zoom(apart(now) / apart(before), ...middle);
  });

  const up = (event) => {
    const point = down.get(event.pointerId);
    if (!point) return;
    down.delete(event.pointerId);
    if (event.type === "pointerup" && down.size === 0 && travelled < TAP_PX) tap(...point);
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", leave);

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    camera.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0016)), ...at(event));
  }, { passive: false });

  canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (moves[event.key]) camera.pan(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") camera.zoom(1.4);
    else if (event.key === "-") camera.zoom(1 / 1.4);
    else if (event.key === "0") camera.showAll();
    else return;
    event.preventDefault();
  });
}
