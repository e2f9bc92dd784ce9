// Owns: the seat map on its canvas: what of it is drawn, and what somebody who points at it means. Sections first; seats
// when they are large enough to be told apart, and only those that are seen. Draws when something has changed, never else.
import { Camera } from "./camera.js";
import { listen } from "./gestures.js";
import { boundsOf } from "./layout.js";
import { MINE, colors, label, section as paintSection, sprite, trace } from "./paint.js";
import { AVAILABLE } from "./seats.js";

/** From so many pixels a seat, seats are drawn; from so many, they can be picked; from so many, rows are named. */
const [SEATS_FROM, PICK_FROM, NAMES_FROM] = [4.5, 9, 17];

export class SeatMap {
  /** `mine` are the seats of whoever looks; `pick(seat)` and `hover(seat, section, px, py)` tell what was meant. */
  constructor(canvas, { plan, layout, seats, mine, pick, hover }) {
    Object.assign(this, { canvas, plan, layout, seats, mine, pick, hover });
    this.ctx = canvas.getContext("2d");
    this.camera = new Camera(layout.bounds, () => this.refresh());
    this.sprites = new Map();
    this.theme = colors();
    this.level = Object.fromEntries(plan.categories.map((category, at) => [category, at % this.theme.levels.length]));
    listen(canvas, this.camera, {
      tap: (px, py) => this.tap(px, py),
      hover: (px, py) => this.point(px, py),
      leave: () => hover(-1, null),
    });
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(canvas);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.recolor = () => { this.theme = colors(); this.sprites.clear(); this.refresh(); };
    this.scheme.addEventListener("change", this.recolor);
    this.redraw = () => this.refresh();
    seats.addEventListener("change", this.redraw);
  }

  close() {
    this.watcher.disconnect();
    this.scheme.removeEventListener("change", this.recolor);
    this.seats.removeEventListener("change", this.redraw);
    cancelAnimationFrame(this.frame);
    this.camera.stop();
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    this.density = Math.min(window.devicePixelRatio || 1, 2.5);
    this.canvas.width = clientWidth * this.density;
    this.canvas.height = clientHeight * this.density;
    this.camera.resize(clientWidth, clientHeight);
    this.refresh();
  }

  /** Draws before the next picture is shown. */
  refresh() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      const began = performance.now();
      this.draw();
      this.canvas.drawMs = performance.now() - began;
    });
  }

  color(category) {
    return this.theme.levels[this.level[category]];
  }

  draw() {
    const { ctx, camera, layout, density = 1 } = this;
    ctx.setTransform(density, 0, 0, density, 0, 0);
    ctx.clearRect(0, 0, camera.width, camera.height);
    if (layout.stage) this.drawStage(layout.stage);
    const seen = layout.shapes.filter(({ box }) => overlap(box, camera.seen));
    for (const shape of seen) {
      const { section } = shape;
      if (this.showsSeats(section)) this.drawSeats(shape);
      else paintSection(ctx, shape, camera, this.seats.free[section.index], this.color(section.category), this.theme);
    }
    for (const shape of seen) {
      if (!this.showsSeats(shape.section)) label(ctx, shape, camera, this.seats.free[shape.section.index], this.theme);
    }
    this.drawMineFromAfar();
  }

  showsSeats(section) {
    return !section.standing && this.camera.scale >= SEATS_FROM;
  }

  drawStage({ outline, label: [x, y] }) {
    const { ctx, camera, theme } = this;
    trace(ctx, outline, camera);
    ctx.fillStyle = theme.line;
    ctx.fill();
    const size = Math.min(16, (boundsOf(outline)[2] - boundsOf(outline)[0]) * camera.scale * 0.12);
    if (size < 7) return;
    ctx.font = `600 ${size}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillStyle = theme.quiet;
    ctx.fillText("STAGE", ...camera.toPixels(x, y));
  }

  drawSeats(shape) {
    const { ctx, camera, theme, layout, density } = this;
    const { section, outline } = shape;
    trace(ctx, outline, camera);
    ctx.fillStyle = theme.card;
    ctx.fill();
    ctx.strokeStyle = theme.line;
    ctx.lineWidth = 1;
    ctx.stroke();
    const [left, top, right, bottom] = camera.seen;
    const size = Math.max(3, Math.round(camera.scale * 0.9 * density));
    const half = size / density / 2;
    const pictures = [0, 1, 2, 3, MINE].map((state) => this.picture(state, section.category, size));
    const [dx, dy] = [camera.width / 2 - camera.x * camera.scale - half, camera.height / 2 - camera.y * camera.scale - half];
    const { x, y } = layout;
    for (let seat = section.first; seat < section.first + section.count; seat += 1) {
      if (x[seat] < left - 1 || x[seat] > right + 1 || y[seat] < top - 1 || y[seat] > bottom + 1) continue;
      const state = this.mine.has(seat) ? MINE : this.seats.status[seat];
      ctx.drawImage(pictures[state], x[seat] * camera.scale + dx, y[seat] * camera.scale + dy, half * 2, half * 2);
    }
    if (camera.scale >= NAMES_FROM) this.nameRows(section);
  }

  nameRows(section) {
    const { ctx, camera, layout, theme } = this;
    ctx.font = `${Math.min(12, camera.scale * 0.42)}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillStyle = theme.quiet;
    for (const row of section.rows) {
      const [first, next] = [row.first, row.first + Math.min(1, row.count - 1)];
      const [dx, dy] = [layout.x[first] - layout.x[next] || -1, layout.y[first] - layout.y[next]];
      const far = 0.95 / (Math.hypot(dx, dy) || 1);
      ctx.fillText(row.name, ...camera.toPixels(layout.x[first] + dx * far, layout.y[first] + dy * far));
    }
  }

  picture(state, category, size) {
    const key = `${state} ${category} ${size}`;
    let found = this.sprites.get(key);
    if (!found) {
      if (this.sprites.size > 400) this.sprites.clear();
      found = sprite(state, this.color(category), size, this.theme);
      this.sprites.set(key, found);
    }
    return found;
  }

  /** One's own seats can be seen from anywhere. */
  drawMineFromAfar() {
    const { ctx, camera, layout, theme, density = 1 } = this;
    for (const seat of this.mine) {
      if (this.showsSeats(this.plan.row(seat).section)) continue;
      const [x, y] = camera.toPixels(layout.x[seat], layout.y[seat]);
      ctx.drawImage(this.picture(MINE, this.plan.categories[0], Math.round(16 * density)), x - 8, y - 8, 16, 16);
      ctx.strokeStyle = theme.card;
      ctx.lineWidth = 2;
      ctx.strokeRect(x - 8, y - 8, 16, 16);
    }
  }

  /** What is under a pixel: `[seat or -1, shape or null]`. */
  under(px, py) {
    const { camera, layout } = this;
    const [x, y] = camera.toPlan(px, py);
    const reach = Math.max(0.75, camera.scale < 16 ? 12 / camera.scale : 0.75);
    let [seat, nearest] = [-1, reach * reach];
    let shape = null;
    for (const other of layout.shapes) {
      const [left, top, right, bottom] = other.box;
      if (x < left || x > right || y < top || y > bottom || !inside(x, y, other.outline)) continue;
      shape = other;
      const { section } = other;
      if (section.standing) continue;
      for (let at = section.first; at < section.first + section.count; at += 1) {
        const distance = (layout.x[at] - x) ** 2 + (layout.y[at] - y) ** 2;
        if (distance < nearest) [seat, nearest] = [at, distance];
      }
    }
    return [seat, shape];
  }

  tap(px, py) {
    const [seat, shape] = this.under(px, py);
    if (!shape) return;
    const { section } = shape;
    if (section.standing) return this.pick(this.freePlace(section));
    if (this.camera.scale < PICK_FROM) return this.showSection(shape, px, py);
    if (seat >= 0) this.pick(seat);
  }

  /** Closer to a section, and close enough to pick a seat. */
  showSection(shape, px, py) {
    const target = this.camera.fitting(shape.box, 1.2);
    if (target.scale < PICK_FROM + 3) {
      const [x, y] = this.camera.toPlan(px, py);
      Object.assign(target, { x, y, scale: PICK_FROM + 7 });
    }
    this.camera.flyTo(target);
  }

  /** A place in a standing area is as good as any other. */
  freePlace(section) {
    for (let seat = section.first; seat < section.first + section.count; seat += 1) {
      if (this.seats.status[seat] === AVAILABLE && !this.mine.has(seat)) return seat;
    }
    return -1;
  }

  /** So that `seats` can be seen. */
  showSeats(seats) {
    const points = [...seats].map((seat) => [this.layout.x[seat], this.layout.y[seat]]);
    if (points.length === 0) return;
    const [x, y] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
    this.camera.flyTo({ x, y, scale: Math.max(this.camera.scale, PICK_FROM + 9) });
  }

  point(px, py) {
    const [seat, shape] = this.under(px, py);
    const close = this.camera.scale >= PICK_FROM;
    this.canvas.style.cursor = shape && (!close || seat >= 0 || shape.section.standing) ? "pointer" : "grab";
    this.hover(close ? seat : -1, shape?.section ?? null, px, py);
  }

  /** Where a seat is in the window, in pixels of the canvas. */
  pixelOf(seat) {
    return this.camera.toPixels(this.layout.x[seat], this.layout.y[seat]);
  }
}

const overlap = (one, other) => one[0] <= other[2] && one[2] >= other[0] && one[1] <= other[3] && one[3] >= other[1];

/** Whether a point is inside of an outline: how many edges lie to its right is odd. */
function inside(x, y, outline) {
  let within = false;
  for (let at = 0, last = outline.length - 1; at < outline.length; last = at, at += 1) {
    const [[x1, y1], [x2, y2]] = [outline[at], outline[last]];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) within = !within;
  }
  return within;
}
