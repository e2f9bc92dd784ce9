// Owns: which free seat is the nearest to one that was lost. Pure.
import { AVAILABLE } from "./seats.js";

/** Another section, and another price, are worth so many seats of distance. */
const [OTHER_SECTION, OTHER_CATEGORY] = [3, 12];

/** The free seat that is the closest to `lost` and not among `taken`; `-1` where there is none. */
export function nearest(plan, layout, status, lost, taken = new Set()) {
  const home = plan.row(lost).section;
  let [best, least] = [-1, Infinity];
  for (const section of plan.sections) {
    let away = section === home ? 0 : OTHER_SECTION;
    if (section.category !== home.category) away += OTHER_CATEGORY;
    for (let seat = section.first; seat < section.first + section.count; seat += 1) {
      if (status[seat] !== AVAILABLE || seat === lost || taken.has(seat)) continue;
      const distance = away + Math.hypot(layout.x[seat] - layout.x[lost], layout.y[seat] - layout.y[lost]);
      if (distance < least) [best, least] = [seat, distance];
    }
  }
  return best;
}

/** One for each of the lost seats, none twice; empty where there are not enough. */
export function nearestEach(plan, layout, status, lost, taken) {
  const used = new Set([...taken, ...lost]);
  const found = [];
  for (const seat of lost) {
    const other = nearest(plan, layout, status, seat, used);
    if (other < 0) return [];
    used.add(other);
    found.push(other);
  }
  return found;
}
