// Owns: plans that say where their seats stand, brought to our unit; standing areas go below them. Pure.
import { boundsOf, roomOf } from "./layout.js";

/** Puts the seats of `plan`, all of which have an `x` and a `y`, into `layout`. */
export function drawn(plan, layout) {
  const unit = usualDistance(plan);
  const seated = plan.sections.filter((section) => !section.standing);
  for (const section of seated) {
    const points = [];
    for (const row of section.rows) {
      row.named.forEach(({ x, y }, at) => {
        points.push([x / unit, y / unit]);
        [layout.x[row.first + at], layout.y[row.first + at]] = points.at(-1);
      });
    }
    const outline = hull(points.flatMap(([x, y]) => [[x - 0.7, y - 0.7], [x + 0.7, y - 0.7], [x - 0.7, y + 0.7], [x + 0.7, y + 0.7]]));
    const box = boundsOf(outline);
    layout.shapes.push({ section, outline, box, room: roomOf(outline), label: [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] });
  }
  const [left, , right, bottom] = boundsOf(layout.shapes.flatMap((shape) => shape.outline));
  let top = bottom + 3;
  for (const section of plan.sections.filter((section) => section.standing)) top = below(layout, section, left, top, right - left);
}

function below(layout, section, left, top, width) {
  const height = Math.max(4, Math.min(width / 3, (section.count * 0.6) / width));
  const columns = Math.max(1, Math.round(Math.sqrt((section.count * width) / height)));
  const lines = Math.ceil(section.count / columns);
  for (let place = 0; place < section.count; place += 1) {
    layout.x[section.first + place] = left + (((place % columns) + 0.5) * width) / columns;
    layout.y[section.first + place] = top + ((Math.floor(place / columns) + 0.5) * height) / lines;
  }
  const outline = [[left, top], [left + width, top], [left + width, top + height], [left, top + height]];
  layout.shapes.push({ section, outline, box: boundsOf(outline), room: roomOf(outline), label: [left + width / 2, top + height / 2] });
  return top + height + 2;
}

/** From a seat to the next one in its row, in the middle of all. */
function usualDistance(plan) {
  const distances = [];
  for (const { named } of plan.rows.filter((row) => row.named)) {
    for (let at = 1; at < named.length; at += 1) {
      const distance = Math.hypot(named[at].x - named[at - 1].x, named[at].y - named[at - 1].y);
      if (distance > 0) distances.push(distance);
    }
  }
  distances.sort((one, other) => one - other);
  return distances[distances.length >> 1] ?? 1;
}

/** The smallest convex outline around `points`. */
export function hull(points) {
  const sorted = [...points].sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  const half = (list) => {
    const kept = [];
    for (const point of list) {
      while (kept.length > 1 && turns(kept.at(-2), kept.at(-1), point) <= 0) kept.pop();
      kept.push(point);
    }
    return kept.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

const turns = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
