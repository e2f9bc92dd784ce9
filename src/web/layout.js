// Owns: where every seat is drawn. A plan that says where its seats stand is drawn so; any other one is given a shape by
// what it is made of: rings around a field where many blocks share a name, else tiers in front of a stage. Pure.
// The unit is the distance from one seat to the next.
import { drawn } from "./drawing.js";
import { Oval } from "./oval.js";

const ROW = 1.15;
const GANGWAY = 2;
const RING_OF = 6;
const FIELD_SHARE = 0.72;
const WIDEST_SEAT = 1.35;

/** `{x, y}` of every seat, a shape for every section, the stage if there is one, and the bounds of it all. */
export function layoutOf(plan) {
  const layout = { x: new Float32Array(plan.count), y: new Float32Array(plan.count), shapes: [], stage: null };
  const seated = plan.sections.filter((section) => !section.standing);
  if (seated.length > 0 && seated.every(isDrawn)) drawn(plan, layout);
  else {
    const groups = groupsOf(seated);
    const rings = groups.filter((group) => group.length >= RING_OF);
    if (rings.length > 0) drawRings(plan, layout, rings, groups.filter((group) => group.length < RING_OF).flat());
    else drawTiers(plan, layout, groups);
  }
  layout.shapes.sort((one, other) => one.section.index - other.section.index);
  layout.bounds = boundsOf([...layout.shapes.flatMap((shape) => shape.outline), ...(layout.stage?.outline ?? [])]);
  return layout;
}

const isDrawn = (section) => section.rows.every((row) => row.named?.every((seat) => Number.isFinite(seat.x) && Number.isFinite(seat.y)));
const widest = (section) => Math.max(...section.rows.map(lengthOf));
const lengthOf = (row) => (row.named ? row.count + row.named.slice(0, -1).filter((seat) => seat.aisle).length : row.count);

/** Sections that follow each other and are called alike but for a number, a letter or a side. */
function groupsOf(sections) {
  const groups = [];
  let last = null;
  for (const section of sections) {
    const name = section.name.replace(/\s*\b(left|right|cent(re|er)|middle)\b\s*|\s*(\d+|\b[A-Za-z])$/giu, "");
    if (name === last) groups.at(-1).push(section);
    else groups.push([section]);
    last = name;
  }
  return groups;
}

/** Where the seats of `row` are along it, counted from its middle. */
function* alongRow(row) {
  let at = -(lengthOf(row) - 1) / 2;
  for (let seat = 0; seat < row.count; seat += 1) {
    yield [row.first + seat, at];
    at += row.named?.[seat].aisle ? 2 : 1;
  }
}

/** Adds a block whose point so far along and so far back is `point(along, back)`. */
function block(layout, section, point) {
  const half = widest(section) / 2 + 0.4;
  const depth = (section.rows.length - 1) * ROW;
  section.rows.forEach((row, number) => {
    for (const [seat, along] of alongRow(row)) [layout.x[seat], layout.y[seat]] = point(along, number * ROW);
  });
  const steps = Math.max(1, Math.ceil(half / 3));
  const edge = (back) => Array.from({ length: 2 * steps + 1 }, (_, step) => point((half * (step - steps)) / steps, back));
  const outline = [...edge(-0.75), ...edge(depth + 0.75).reverse()];
  layout.shapes.push(shapeOf(section, outline, point(0, depth / 2)));
}

function shapeOf(section, outline, label) {
  return { section, outline, box: boundsOf(outline), label, room: roomOf(outline) };
}

/** How long a side of the square is that is as large as an outline: what is written on it may be as wide. */
export function roomOf(outline) {
  let twice = 0;
  outline.forEach(([x, y], at) => {
    const [nextX, nextY] = outline[(at + 1) % outline.length];
    twice += x * nextY - nextX * y;
  });
  return Math.sqrt(Math.abs(twice) / 2);
}

/** `[left, top, right, bottom]` of some points. */
export function boundsOf(points) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
  }
  return box;
}

function drawRings(plan, layout, rings, inField) {
  const depths = rings.map((ring) => Math.max(...ring.map((section) => section.rows.length)) * ROW + 3);
  const offsets = depths.map((_, at) => depths.slice(0, at).reduce((sum, depth) => sum + depth, 0));
  const needs = rings.map((ring) => ring.reduce((sum, section) => sum + widest(section) + GANGWAY, 0));
  const around = Math.max(...needs.map((need, at) => need - 2 * Math.PI * offsets[at]));
  const fieldWidth = inField.reduce((sum, section) => sum + widest(section) + GANGWAY, 0);
  const fieldDepth = Math.max(0, ...inField.map((section) => section.rows.length * ROW + 4));
  const inner = Oval.around(around, fieldWidth / FIELD_SHARE, fieldDepth / FIELD_SHARE);
  rings.forEach((ring, at) => {
    const oval = inner.grown(offsets[at]);
    const stretch = oval.length / needs[at];
    // Where there is more room than needed, seats are a little farther apart.
    const spread = Math.min(stretch, WIDEST_SEAT);
    let begin = 0;
    for (const section of ring) {
      const slot = (widest(section) + GANGWAY) * stretch;
      const middle = begin + slot / 2;
      block(layout, section, (along, back) => oval.point(middle + along * spread, back));
      begin += slot;
    }
  });
  drawField(plan, layout, inner, inField, fieldWidth);
}

/** Who sits or stands in the middle; nobody, and it is where the show is. */
function drawField(plan, layout, inner, seated, fieldWidth) {
  const [width, height] = [2 * (inner.half + inner.radius) * FIELD_SHARE, 2 * inner.radius * FIELD_SHARE];
  const standing = plan.sections.filter((section) => section.standing);
  let x = -fieldWidth / 2;
  for (const section of seated) {
    const middle = x + (widest(section) + GANGWAY) / 2;
    const top = (-(section.rows.length - 1) * ROW) / 2;
    block(layout, section, (along, back) => [middle + along, top + back]);
    x += widest(section) + GANGWAY;
  }
  const edge = () => Array.from({ length: 72 }, (_, at) => inner.point((inner.length * at) / 72, -3));
  if (seated.length === 0 && standing.length === 0) layout.stage = { outline: edge(), label: [0, 0] };
  else if (standing.length > 0) areas(layout, standing, -width / 2, seated.length > 0 ? height * 0.3 : -height / 2, width, seated.length > 0 ? height * 0.2 : height);
  if (seated.length === 0 && standing.length === 1) layout.shapes[layout.shapes.length - 1] = shapeOf(standing[0], edge(), [0, 0]);
}

const rectangle = (x, y, width, height) => [[x, y], [x + width, y], [x + width, y + height], [x, y + height]];

/** Standing areas side by side, as wide as they are large; their places in a grid. */
function areas(layout, sections, left, top, width, height) {
  const all = sections.reduce((sum, section) => sum + section.count, 0);
  let x = left;
  for (const section of sections) {
    const share = (width * section.count) / all;
    const [inner, gap] = [Math.max(share - GANGWAY, share * 0.8), Math.min(GANGWAY, share * 0.2) / 2];
    const columns = Math.max(1, Math.round(Math.sqrt((section.count * inner) / height)));
    const lines = Math.ceil(section.count / columns);
    for (let place = 0; place < section.count; place += 1) {
      layout.x[section.first + place] = x + gap + (((place % columns) + 0.5) * inner) / columns;
      layout.y[section.first + place] = top + ((Math.floor(place / columns) + 0.5) * height) / lines;
    }
    layout.shapes.push(shapeOf(section, rectangle(x + gap, top, inner, height), [x + share / 2, top + height / 2]));
    x += share;
  }
}

/** A stage; in front of it who stands, then one tier behind the other, each an arc around the stage. */
function drawTiers(plan, layout, groups) {
  const standing = plan.sections.filter((section) => section.standing);
  const widths = groups.map((group) => group.reduce((sum, section) => sum + widest(section) + GANGWAY, -GANGWAY));
  const places = standing.reduce((sum, section) => sum + section.count, 0);
  const broadest = Math.max(12, ...widths, groups.length === 0 ? Math.sqrt(places) * 1.4 : 0);
  let radius = Math.max(14, broadest * 0.9);
  const stage = Math.min(broadest * 0.6, 40);
  layout.stage = { outline: rectangle(-stage / 2, radius - 5 - stage * 0.16, stage, stage * 0.16 + 1), label: [0, radius - 4.5 - stage * 0.08] };
  if (standing.length > 0) {
    const height = Math.max(4, Math.min(broadest * 0.5, (places * 0.6) / broadest));
    areas(layout, standing, -broadest / 2, radius - 1, broadest, height);
    radius += height + 3;
  }
  groups.forEach((group, at) => {
    const front = radius;
    let begin = -widths[at] / 2;
    for (const section of group) {
      const middle = (begin + widest(section) / 2) / front;
      block(layout, section, (along, back) => {
        const angle = middle + along / (front + back);
        return [Math.sin(angle) * (front + back), Math.cos(angle) * (front + back)];
      });
      begin += widest(section) + GANGWAY;
    }
    radius += Math.max(...group.map((section) => section.rows.length)) * ROW + 3;
  });
}
