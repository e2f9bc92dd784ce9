// Owns: the shape of a stadium: two straight sides and two half circles. Pure.

/** How long a straight side is, as a part of the radius: half of it. */
const STRAIGHT = 0.55;

export class Oval {
  constructor(half, radius) {
    this.half = half;
    this.radius = radius;
    this.length = 4 * half + 2 * Math.PI * radius;
  }

  /** One that is at least so long around, and so wide and deep inside. */
  static around(length, width, depth) {
    const radius = Math.max(length / (4 * STRAIGHT + 2 * Math.PI), width / (2 + 2 * STRAIGHT), depth / 2, 6);
    return new Oval(radius * STRAIGHT, radius);
  }

  /** The one that lies so far outside of it. */
  grown(by) {
    return new Oval(this.half, this.radius + by);
  }

  /** Where one is after so much of the way around, clockwise from the middle of the upper side, and so far outwards. */
  point(way, out) {
    const { half, radius } = this;
    const arc = Math.PI * radius;
    const far = radius + out;
    let rest = ((way % this.length) + this.length) % this.length;
    if (rest < half) return [rest, -far];
    rest -= half;
    if (rest < arc) return turn(half, far, rest / radius - Math.PI / 2);
    rest -= arc;
    if (rest < 2 * half) return [half - rest, far];
    rest -= 2 * half;
    if (rest < arc) return turn(-half, far, rest / radius + Math.PI / 2);
    return [rest - arc - half, -far];
  }
}

function turn(center, radius, angle) {
  return [center + Math.cos(angle) * radius, Math.sin(angle) * radius];
}
