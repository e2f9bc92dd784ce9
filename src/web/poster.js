// Owns: a picture for every event, made of its name: no picture is ever fetched from elsewhere.
import { svg } from "./dom.js";

/** How many there are: each has colours of its own under a name of its own. */
let made = 0;

const HUES = { concert: 258, musical: 330, comedy: 38, sports: 152, classical: 212, theatre: 8, festival: 190 };

/** The same for the same event, another one for another. */
export function poster({ id, name, type }) {
  const random = numbers(`${id}${name}`);
  const hue = (HUES[type] ?? Math.floor(random() * 360)) + random() * 36 - 18;
  const color = (turn, light, depth = 62) => `hsl(${Math.round(hue + turn)} ${depth}% ${light}%)`;
  const key = `poster-${(made += 1)}`;
  const gradient = svg("linearGradient", { id: key, x1: 0, y1: 0, x2: 1, y2: 1 },
    svg("stop", { offset: 0, "stop-color": color(-14, 44) }), svg("stop", { offset: 1, "stop-color": color(38, 27) }));
  const picture = svg("svg", { viewBox: "0 0 320 180", preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true", class: "poster" },
    svg("defs", {}, gradient), svg("rect", { width: 320, height: 180, fill: `url(#${key})` }));
  const shape = [rays, waves, discs, bars][Math.floor(random() * 4)];
  shape(random, (light, turn = 20) => color(turn, light, 70)).forEach((part) => picture.append(part));
  return picture;
}

/** Numbers from 0 to 1 that follow from a text. */
function numbers(text) {
  let state = 2166136261;
  for (const letter of text) state = Math.imul(state ^ letter.codePointAt(0), 16777619);
  return () => {
    state = Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9;
    const mixed = Math.imul(state ^ (state >>> 13), 3266489917);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

function rays(random, color) {
  const [x, y] = [60 + random() * 200, 190];
  return Array.from({ length: 9 }, (_, at) => {
    const [from, to] = [Math.PI * (1 + at / 9), Math.PI * (1 + (at + 0.5) / 9)];
    const end = (angle) => `${x + Math.cos(angle) * 420},${y + Math.sin(angle) * 420}`;
    return svg("polygon", { points: `${x},${y} ${end(from)} ${end(to)}`, fill: color(68), opacity: 0.1 + random() * 0.25 });
  });
}

function waves(random, color) {
  return Array.from({ length: 5 }, (_, at) => {
    const [y, lift] = [56 + at * 26, 12 + random() * 26];
    return svg("path", { d: `M0 ${y} C 80 ${y - lift} 140 ${y + lift} 200 ${y} S 300 ${y - lift} 330 ${y} V200 H0 Z`, fill: color(60 - at * 9, 20 + at * 8), opacity: 0.35 });
  });
}

function discs(random, color) {
  return Array.from({ length: 9 }, () =>
    svg("circle", { cx: random() * 320, cy: random() * 180, r: 10 + random() * 52, fill: color(66, random() * 60), opacity: 0.12 + random() * 0.25 }));
}

function bars(random, color) {
  return Array.from({ length: 16 }, (_, at) => {
    const height = 20 + random() * 120;
    return svg("rect", { x: 8 + at * 19.2, y: 180 - height, width: 11, height, rx: 5, fill: color(70), opacity: 0.18 + random() * 0.3 });
  });
}
