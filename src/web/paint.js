// Owns: how seats and sections look. What can be had is told by shape as well as by colour: a full disc is free, a ring
// is held by somebody, a cross is sold, a dot is kept by the house, a square with a tick is yours.

/** Colours of price levels that people who see few colours can tell apart, in light and in dark. */
const LEVELS = {
  light: ["#3d5bd9", "#0d8a72", "#b8620b", "#a83279", "#5d7a12", "#6f4fc4"],
  dark: ["#8ea2ff", "#41c9a8", "#f0a44b", "#ea7fc0", "#a9cc4f", "#b99bff"],
};

/** The colours of now. */
export function colors() {
  const style = getComputedStyle(document.documentElement);
  const named = (name) => style.getPropertyValue(`--${name}`).trim();
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return {
    dark, levels: dark ? LEVELS.dark : LEVELS.light,
    ink: named("ink"), quiet: named("quiet"), line: named("line"), card: named("card"), page: named("page"), mine: named("mine"), mineInk: named("mine-ink"),
  };
}

export const MINE = 4;

/** A seat of `state` as a picture of `size` pixels. */
export function sprite(state, level, size, theme) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const ctx = canvas.getContext("2d");
  const middle = size / 2;
  const radius = size * 0.4;
  ctx.lineWidth = Math.max(1, size * 0.1);
  ctx.lineCap = ctx.lineJoin = "round";
  const disc = (r) => { ctx.beginPath(); ctx.arc(middle, middle, r, 0, 2 * Math.PI); };
  if (state === 0) { ctx.fillStyle = level; disc(radius); ctx.fill(); }
  else if (state === 1) { ctx.strokeStyle = theme.quiet; disc(radius - ctx.lineWidth / 2); ctx.stroke(); }
  else if (state === 2) { ctx.strokeStyle = theme.quiet; ctx.globalAlpha = 0.5; cross(ctx, middle, radius * 0.62); }
  else if (state === 3) { ctx.fillStyle = theme.quiet; ctx.globalAlpha = 0.5; disc(radius * 0.35); ctx.fill(); }
  else {
    ctx.fillStyle = theme.mine;
    ctx.beginPath();
    ctx.roundRect(size * 0.04, size * 0.04, size * 0.92, size * 0.92, size * 0.2);
    ctx.fill();
    ctx.strokeStyle = theme.mineInk;
    ctx.beginPath();
    ctx.moveTo(size * 0.28, size * 0.53);
    ctx.lineTo(size * 0.44, size * 0.68);
    ctx.lineTo(size * 0.74, size * 0.34);
    ctx.stroke();
  }
  return canvas;
}

function cross(ctx, middle, reach) {
  ctx.beginPath();
  ctx.moveTo(middle - reach, middle - reach);
  ctx.lineTo(middle + reach, middle + reach);
  ctx.moveTo(middle + reach, middle - reach);
  ctx.lineTo(middle - reach, middle + reach);
  ctx.stroke();
}

/** Follows `outline`, given in the plan's unit, with `camera`. */
export function trace(ctx, outline, camera) {
  ctx.beginPath();
  outline.forEach(([x, y], at) => {
    const [px, py] = camera.toPixels(x, y);
    if (at === 0) ctx.moveTo(px, py);
    else ctx.lineTo(px, py);
  });
  ctx.closePath();
}

/** A section as a whole: the fuller its colour, the more of it is free. */
export function section(ctx, shape, camera, free, level, theme) {
  const share = free / shape.section.count;
  trace(ctx, shape.outline, camera);
  ctx.fillStyle = theme.card;
  ctx.globalAlpha = 1;
  ctx.fill();
  ctx.fillStyle = free === 0 ? theme.line : level;
  ctx.globalAlpha = free === 0 ? 0.6 : 0.18 + 0.76 * share;
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.strokeStyle = free === 0 ? theme.line : level;
  ctx.lineWidth = 1;
  ctx.stroke();
}

/** The name of a section where there is room for it, and how many seats are left where there is more. */
export function label(ctx, shape, camera, free, theme) {
  const room = Math.min(shape.room, shape.box[2] - shape.box[0]) * camera.scale;
  const { name } = shape.section;
  const size = Math.min(15, room / (name.length * 0.72), room * 0.6);
  if (size < 7) return;
  const [x, y] = camera.toPixels(...shape.label);
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  // What is full of colour has a light text on it in the light, and a dark one in the dark.
  ctx.fillStyle = free > shape.section.count * 0.35 ? theme.page : theme.ink;
  const rest = free === 0 ? "sold out" : `${free} left`;
  const both = room > size * 3.4 && room > rest.length * size * 0.5;
  ctx.font = `600 ${size}px system-ui, sans-serif`;
  ctx.fillText(name, x, both ? y - size * 0.55 : y);
  if (!both) return;
  ctx.font = `${size * 0.8}px system-ui, sans-serif`;
  ctx.fillText(rest, x, y + size * 0.6);
}
