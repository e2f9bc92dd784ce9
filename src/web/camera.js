// Owns: which part of the plan is seen, how large, and how it moves there.

const LARGEST = 46;

export class Camera {
  /** Shows the plan of these bounds; `moved` is called whenever something else is seen. */
  constructor(bounds, moved) {
    this.bounds = bounds;
    this.moved = moved;
    [this.width, this.height, this.x, this.y, this.scale] = [1, 1, 0, 0, 1];
    this.flight = 0;
    this.whole = true;
  }

  /** The window has this size now, in pixels. */
  resize(width, height) {
    [this.width, this.height] = [Math.max(1, width), Math.max(1, height)];
    if (this.whole) this.jump(this.fitting(this.bounds));
    else this.jump(this);
  }

  /** Where one sees `box` as a whole. */
  fitting([left, top, right, bottom], margin = 1.06) {
    const scale = Math.min(this.width / ((right - left) * margin || 1), this.height / ((bottom - top) * margin || 1), LARGEST * 0.7);
    return { x: (left + right) / 2, y: (top + bottom) / 2, scale };
  }

  get smallest() {
    return this.fitting(this.bounds).scale * 0.8;
  }

  jump({ x, y, scale }) {
    const [left, top, right, bottom] = this.bounds;
    this.scale = Math.min(LARGEST, Math.max(this.smallest, scale));
    this.x = Math.min(right, Math.max(left, x));
    this.y = Math.min(bottom, Math.max(top, y));
    this.moved();
  }

  /** Shows everything. */
  showAll() {
    this.flyTo(this.fitting(this.bounds));
    this.whole = true;
  }

  /** By so many pixels. */
  pan(dx, dy) {
    this.stop();
    this.jump({ x: this.x - dx / this.scale, y: this.y - dy / this.scale, scale: this.scale });
  }

  /** So many times larger, with the point under the pixel (px, py) where it is. */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    this.stop();
    const [x, y] = this.toPlan(px, py);
    const scale = Math.min(LARGEST, Math.max(this.smallest, this.scale * factor));
    this.jump({ x: x - (px - this.width / 2) / scale, y: y - (py - this.height / 2) / scale, scale });
  }

  /** Moves there, in one go for those who want no motion. */
  flyTo(target) {
    this.stop();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.jump(target);
    const from = { x: this.x, y: this.y, scale: this.scale };
    const began = performance.now();
    const step = (now) => {
      const part = Math.min(1, Math.max(0, (now - began) / 320));
      const eased = 1 - (1 - part) ** 3;
      const scale = from.scale * (target.scale / from.scale) ** eased;
      // The way over the plan follows the size, so that the target comes straight at one.
      const way = Math.abs(target.scale - from.scale) < 1e-6 ? eased : (1 / from.scale - 1 / scale) / (1 / from.scale - 1 / target.scale);
      this.jump({ x: from.x + (target.x - from.x) * way, y: from.y + (target.y - from.y) * way, scale });
      this.flight = part < 1 ? requestAnimationFrame(step) : 0;
    };
    this.flight = requestAnimationFrame(step);
  }

  stop() {
    cancelAnimationFrame(this.flight);
    this.flight = 0;
    this.whole = false;
  }

  toPlan(px, py) {
    return [this.x + (px - this.width / 2) / this.scale, this.y + (py - this.height / 2) / this.scale];
  }

  toPixels(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  /** `[left, top, right, bottom]` of what is seen. */
  get seen() {
    const [w, h] = [this.width / 2 / this.scale, this.height / 2 / this.scale];
    return [this.x - w, this.y - h, this.x + w, this.y + h];
  }
}
