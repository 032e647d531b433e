/* The map: two axes of the grid, the others held at one value each. */
const STATE = { quantity: "", x: 0, y: 0, held: [], cursor: [0, 0], chosen: { A: -1, B: -1 }, cells: [], values: null };
let AXES = [];

async function loadAxes() {
  AXES = await Promise.all(ABOUT.axes.map((axis, k) => rawArray("axis:" + k).then(index => ({ ...axis, index }))));
  const long = AXES.map((a, k) => [a.values.length, k]).filter(([n]) => n > 1).sort((a, b) => b[0] - a[0]).map(([, k]) => k);
  STATE.x = long[0] ?? 0; STATE.y = long[1] ?? -1;
  STATE.held = AXES.map(() => 0);
}

function isFlag(name) { return name.startsWith("flag:"); }
function quantityOf(name) { return isFlag(name) ? ABOUT.flags.find(f => "flag:" + f.name === name) : ABOUT.quantities.find(q => "map:" + q.name === name); }

/* The points of the slice by cell: cells[row][column], -1 where there is none. */
function slice() {
  const rows = STATE.y < 0 ? 1 : AXES[STATE.y].values.length, columns = AXES[STATE.x].values.length;
  const cells = Array.from({ length: rows }, () => new Int32Array(columns).fill(-1));
  for (let p = 0; p < ABOUT.count; p++) {
    if (AXES.some((axis, k) => k !== STATE.x && k !== STATE.y && axis.index[p] !== STATE.held[k])) continue;
    const row = STATE.y < 0 ? 0 : AXES[STATE.y].index[p], column = AXES[STATE.x].index[p];
    if (cells[row][column] < 0) cells[row][column] = p;
  }
  STATE.cells = cells;
}

function valueText(p) {
  if (p < 0) return "no point here";
  const q = quantityOf(STATE.quantity), v = STATE.values[p];
  return isFlag(STATE.quantity) ? q.meanings[v] ?? "undefined" : textOf(v, q.unit);
}

function pointText(p) { return AXES.filter(a => a.values.length > 1).map(a => a.name + " = " + a.values[a.index[p]]).join(", ") || "the only point"; }

const BOX = { left: 62, right: 12, top: 8, bottom: 46 };

function geometry(canvas) {
  const rows = STATE.cells.length, columns = STATE.cells[0].length, width = canvas.clientWidth || 400;
  const height = rows === 1 ? 130 : Math.min(Math.max(rows * 26, 240), 460);
  return { rows, columns, width, height, w: (width - BOX.left - BOX.right) / columns, h: (height - BOX.top - BOX.bottom) / rows };
}

function drawMap() {
  const canvas = document.getElementById("map"), g = geometry(canvas), { pen } = context(canvas, g.height), q = quantityOf(STATE.quantity);
  const shown = STATE.cells.flatMap(row => Array.from(row)).filter(p => p >= 0), limits = isFlag(STATE.quantity) ? null : limitsOf(q, shown.map(p => STATE.values[p]));
  const at = (r, c) => [BOX.left + c * g.w, BOX.top + (g.rows - 1 - r) * g.h];
  STATE.cells.forEach((row, r) => row.forEach((p, c) => {
    const [x, y] = at(r, c), v = p < 0 ? NaN : STATE.values[p];
    pen.fillStyle = p < 0 ? "#fff" : limits ? Number.isFinite(v) ? colourAt(q.cmap, (v - limits[0]) / (limits[1] - limits[0])) : UNDEFINED : classColour(v);
    pen.fillRect(x, y, g.w + 0.5, g.h + 0.5);
    if (p >= 0 && limits && !Number.isFinite(v)) { pen.strokeStyle = "#9a9a9a"; pen.beginPath(); pen.moveTo(x, y + g.h); pen.lineTo(x + g.w, y); pen.stroke(); }
  }));
  for (const [name, colour, inset] of [["B", "#d55e00", 3.5], ["A", "#0072b2", 1.5]]) STATE.cells.forEach((row, r) => row.forEach((p, c) => {
    if (p < 0 || p !== STATE.chosen[name]) return;
    const [x, y] = at(r, c);
    pen.lineWidth = 3; pen.strokeStyle = "#fff"; pen.strokeRect(x + inset, y + inset, g.w - 2 * inset, g.h - 2 * inset);
    pen.lineWidth = 2; pen.strokeStyle = colour; pen.strokeRect(x + inset, y + inset, g.w - 2 * inset, g.h - 2 * inset);
  }));
  if (document.activeElement === canvas) { const [x, y] = at(...STATE.cursor); pen.setLineDash([4, 3]); pen.lineWidth = 2; pen.strokeStyle = "#000"; pen.strokeRect(x + 1, y + 1, g.w - 2, g.h - 2); pen.setLineDash([]); }
  drawTicks(pen, g);
  drawLegend(q, limits);
}

function drawTicks(pen, g) {
  const xs = AXES[STATE.x], every = Math.ceil(xs.values.length / Math.max((g.width - BOX.left) / 48, 1));
  pen.fillStyle = INK; pen.textAlign = "center"; pen.textBaseline = "top";
  xs.values.forEach((v, c) => { if (c % every === 0) pen.fillText(v, BOX.left + (c + 0.5) * g.w, g.height - BOX.bottom + 5); });
  pen.fillText(axisText(xs), (BOX.left + g.width) / 2, g.height - 20);
  if (STATE.y < 0) return;
  const ys = AXES[STATE.y], skip = Math.ceil(ys.values.length / Math.max((g.height - BOX.bottom) / 18, 1));
  pen.textAlign = "right"; pen.textBaseline = "middle";
  ys.values.forEach((v, r) => { if (r % skip === 0) pen.fillText(v, BOX.left - 6, BOX.top + (g.rows - 0.5 - r) * g.h); });
  pen.save(); pen.translate(11, (g.height - BOX.bottom) / 2); pen.rotate(-Math.PI / 2); pen.textAlign = "center"; pen.fillText(axisText(ys), 0, 0); pen.restore();
}

function axisText(axis) { return axis.name + (axis.unit && axis.unit !== "1" ? " (" + axis.unit + ")" : "") + (axis.even ? "" : ", uneven steps"); }

function drawLegend(q, limits) {
  const box = document.getElementById("legend");
  box.replaceChildren();
  if (limits) {
    const stops = Array.from({ length: 17 }, (_, k) => colourAt(q.cmap, k / 16)).join(",");
    box.append(textOf(limits[0], ""), element("span", { class: "scale", style: "background:linear-gradient(90deg," + stops + ")" }), textOf(limits[1], q.unit));
    box.append(element("span", {}, element("span", { class: "swatch", style: "background:linear-gradient(135deg,#ededed 46%,#9a9a9a 46%,#9a9a9a 54%,#ededed 54%)" }), "not defined"));
    return;
  }
  const used = new Set(STATE.cells.flatMap(row => Array.from(row)).filter(p => p >= 0).map(p => STATE.values[p]));
  for (const code of [...used].sort((a, b) => a - b)) box.append(element("span", {}, element("span", { class: "swatch", style: "background:" + classColour(code) }), q.meanings[code] ?? "undefined"));
}

function cellAt(event) {
  const canvas = document.getElementById("map"), g = geometry(canvas), r = canvas.getBoundingClientRect();
  const c = Math.floor((event.clientX - r.left - BOX.left) / g.w), row = g.rows - 1 - Math.floor((event.clientY - r.top - BOX.top) / g.h);
  return c >= 0 && c < g.columns && row >= 0 && row < g.rows ? [row, c] : null;
}

function tellCell([r, c]) {
  const p = STATE.cells[r][c];
  document.getElementById("cell").textContent = p < 0 ? "no point here" : pointText(p) + ": " + valueText(p);
}
