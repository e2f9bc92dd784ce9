// The body of a function that a browser runs on the page: asks the modules one by one and tells what is wrong.
const done = arguments[arguments.length - 1];
const base = document.querySelector("script[type=module]").src.replace("app.js", "");
const load = (name) => import(`${base}${name}.js`);
const failed = [];
let passed = 0;
const is = (what, found, wanted) => {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one === other) passed += 1;
  else failed.push(`${what}: ${one} and not ${other}`);
};
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const planOf = (Plan, sections) => new Plan({ ticketIds: { prefix: "tkt_0000000000001", digits: DIGITS }, sections });
const rows = (count, seats) => Array.from({ length: count }, (_, at) => ({ name: String(at + 1), seats }));

async function plans() {
  const { Plan } = await load("plan");
  const named = [{ name: "x", accessible: true }, { name: "y" }];
  const plan = planOf(Plan, [
    { name: "A", category: "floor", rows: [{ name: "1", seats: 40 }, { name: "2", seats: named }] },
    { name: "Pit", category: "standing", capacity: 500 },
  ]);
  is("seats are counted", plan.count, 542);
  is("the first seat", plan.place(0), { section: "A", category: "floor", row: "1", seat: "1", accessible: false });
  is("a named seat", plan.place(40), { section: "A", category: "floor", row: "2", seat: "x", accessible: true });
  is("a place where one stands", plan.place(42), { section: "Pit", category: "standing", row: null, seat: "1", accessible: false });
  is("the last one", plan.place(541).seat, "500");
  is("a ticket", plan.ticket(41), "tkt_000000000000119");
  is("the first ticket", plan.ticket(0), "tkt_00000000000010");
  for (const seat of [0, 31, 32, 41, 541]) is(`the seat of ticket ${seat}`, plan.seat(plan.ticket(seat)), seat);
  for (const wrong of ["tkt_0000000000001", "tkt_0000000000002a", "tkt_0000000000001u", "tkt_0000000000001zz", ""]) is(`no ticket of ours: ${wrong}`, plan.seat(wrong), -1);
}

async function bytes() {
  const { Seats, decode, decodeText, AVAILABLE, HELD } = await load("seats");
  const { Plan } = await load("plan");
  const head = [79, 83, 66, 49, 5, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0];
  const body = new Uint8Array([...head, 0b11100100, 0b01]);
  const read = decode(body);
  is("the version", read.version, 258);
  is("two bits a seat, lowest first", [...read.statuses], [0, 1, 2, 3, 1]);
  is("the same as text", [...decodeText(btoa(String.fromCharCode(...body))).statuses], [0, 1, 2, 3, 1]);
  for (const wrong of [new Uint8Array(0), body.slice(0, 17), new Uint8Array([...body, 0]), new Uint8Array([0, ...body.slice(1)])]) {
    let told = "read";
    try { decode(wrong); } catch { told = "refused"; }
    is(`${wrong.length} bytes that are no seats`, told, "refused");
  }
  const plan = planOf(Plan, [{ name: "A", category: "a", rows: rows(1, 3) }, { name: "B", category: "b", capacity: 2 }]);
  const seats = new Seats(plan);
  seats.load(read);
  is("free by section", [...seats.free], [1, 0]);
  seats.apply({ version: 259, changes: [{ ticketId: plan.ticket(1), status: "available" }, { ticketId: plan.ticket(4), status: "available" }, { ticketId: "tkt_x", status: "held" }, { ticketId: plan.ticket(0), status: "new" }] });
  is("changes count", [...seats.free], [2, 1]);
  seats.apply({ version: 259, changes: [{ ticketId: plan.ticket(1), status: "held" }] });
  is("but not twice", seats.status[1], AVAILABLE);
  seats.load({ version: 3, statuses: new Uint8Array(5) });
  is("what is older does not count", [...seats.free], [2, 1]);
  seats.load({ version: 3, statuses: new Uint8Array(5).fill(HELD) }, true);
  is("unless it counts anew", seats.available, 0);
}

async function layouts() {
  const { layoutOf } = await load("layout");
  const { Plan } = await load("plan");
  const apart = (layout) => {
    // Seats are on a grid of one unit or so: none lies on another one.
    const taken = new Map();
    let close = 0;
    for (let seat = 0; seat < layout.x.length; seat += 1) {
      const key = `${Math.round(layout.x[seat] / 0.5)},${Math.round(layout.y[seat] / 0.5)}`;
      for (const other of taken.get(key) ?? []) close += Math.hypot(layout.x[seat] - layout.x[other], layout.y[seat] - layout.y[other]) < 0.35 ? 1 : 0;
      taken.set(key, [...(taken.get(key) ?? []), seat]);
    }
    return close;
  };
  const ring = Array.from({ length: 20 }, (_, at) => ({ name: `Block ${at + 1}`, category: "a", rows: rows(10, 20) }));
  for (const [what, sections] of Object.entries({
    "a hall": [{ name: "A", category: "a", rows: rows(12, 18) }, { name: "B", category: "a", rows: rows(12, 18) }],
    "a theatre": [{ name: "Stalls", category: "a", rows: rows(20, 30) }, { name: "Circle", category: "b", rows: rows(9, 34) }],
    "an arena": ring,
    "two rings": [...ring, ...ring.map(({ name, ...rest }) => ({ ...rest, name: `Upper ${name.slice(6)}` }))],
    "an arena with a floor": [...ring, { name: "Floor A", category: "c", rows: rows(10, 14) }],
  })) {
    const plan = planOf(Plan, sections);
    const layout = layoutOf(plan);
    is(`${what}: a shape for each`, layout.shapes.length, sections.length);
    is(`${what}: every seat has a place`, layout.x.every(Number.isFinite) && layout.y.every(Number.isFinite), true);
    is(`${what}: none on another`, apart(layout), 0);
    const [left, top, right, bottom] = layout.bounds;
    is(`${what}: all within bounds`, layout.x.every((x) => x >= left && x <= right) && layout.y.every((y) => y >= top && y <= bottom), true);
    const neighbours = Math.hypot(layout.x[1] - layout.x[0], layout.y[1] - layout.y[0]);
    is(`${what}: neighbours are one apart`, neighbours > 0.8 && neighbours < 1.6, true);
  }
  const drawn = layoutOf(planOf(Plan, [{ name: "A", category: "a", rows: [{ name: "1", seats: [{ name: "1", x: 100, y: 50 }, { name: "2", x: 125, y: 50 }, { name: "3", x: 150, y: 60 }] }] }]));
  is("a drawing is kept, in our unit", [drawn.x[1] - drawn.x[0] < 1.01, drawn.y[0] === drawn.y[1], drawn.y[2] > drawn.y[1]], [true, true, true]);
  const standing = layoutOf(planOf(Plan, [{ name: "Floor", category: "a", capacity: 900 }]));
  is("a standing area alone", standing.shapes.length, 1);
}

async function alternatives() {
  const { nearest, nearestEach } = await load("nearest");
  const { layoutOf } = await load("layout");
  const { Plan } = await load("plan");
  const plan = planOf(Plan, [{ name: "A", category: "a", rows: rows(3, 10) }, { name: "B", category: "b", rows: rows(3, 10) }]);
  const layout = layoutOf(plan);
  const status = new Uint8Array(plan.count);
  status.fill(1, 4, 7);
  is("the neighbour", nearest(plan, layout, status, 4), 3);
  is("not one that is taken already", [5, 2, 14].includes(nearest(plan, layout, status, 4, new Set([3]))), true);
  const two = nearestEach(plan, layout, status, [4, 5], new Set());
  is("two for two, and not the same", two.length === 2 && two[0] !== two[1] && two.every((seat) => status[seat] === 0), true);
  status.fill(2, 0, 30);
  is("in the other section if it must be", nearest(plan, layout, status, 4) >= 30, true);
  status.fill(2);
  is("nothing is left", nearest(plan, layout, status, 4), -1);
  is("nor for two", nearestEach(plan, layout, status, [4, 5], new Set()), []);
}

async function clocks() {
  const { clock, deadlineOf } = await load("countdown");
  is("minutes and seconds", [600_000, 599_001, 59_000, 1, 0, -5].map(clock), ["10:00", "10:00", "0:59", "0:01", "0:00", "0:00"]);
  is("a deadline", deadlineOf({ expiresInSeconds: 9 }, 500), 9500);
  const { waitBefore } = await load("api");
  is("what passes is tried again", [waitBefore({ status: 503, retryAfter: 2 }, 0), waitBefore({ status: 429 }, 0), waitBefore({ status: 0, retryAfter: 0.5 }, 3)], [2000, 1000, 2000]);
  is("what does not is told", [400, 401, 402, 409, 410, 422, 500].map((status) => waitBefore({ status }, 0)), Array(7).fill(null));
}

async function words() {
  const { money, place, said } = await load("words");
  is("euros", money({ amount: 12345, currency: "EUR" }).includes("123.45"), true);
  is("yen have no cents", money({ amount: 500, currency: "JPY" }).includes("500"), true);
  is("a seat", place({ section: "A", row: "1", seat: "7" }), "A, row 1, seat 7");
  is("a place", place({ section: "Pit", row: null, seat: "7" }), "Pit, place 7");
  is("a limit", said({ code: "limit-exceeded", body: { limit: 4 }, message: "m" }).includes("4 tickets"), true);
  is("what has no words of ours", said({ code: "new", body: {}, message: "as told" }), "as told");
}

Promise.all([plans(), bytes(), layouts(), alternatives(), clocks(), words()])
  .then(() => done({ passed, failed }), (error) => done({ passed, failed: [...failed, String(error.stack ?? error)] }));
