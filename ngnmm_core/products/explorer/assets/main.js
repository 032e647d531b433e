/* Controls, list of points, gallery. */
function addSelect(label, options, value, change) {
  const select = element("select", { onchange: event => change(event.target.value) }, ...options.map(([v, t]) => element("option", { value: v, selected: String(v) === String(value) }, t)));
  document.getElementById("controls").append(element("label", {}, label, select));
}

function drawControls() {
  document.getElementById("controls").replaceChildren();
  const quantities = [...ABOUT.quantities.map(q => ["map:" + q.name, q.text]), ...ABOUT.flags.map(f => ["flag:" + f.name, f.text])];
  addSelect("Quantity", quantities, STATE.quantity, v => { STATE.quantity = v; refresh(); });
  const axes = AXES.map((a, k) => [k, a.name]).filter(([k]) => AXES[k].values.length > 1);
  if (axes.length > 1) {
    addSelect("Horizontal axis", axes, STATE.x, v => { if (+v === STATE.y) STATE.y = STATE.x; STATE.x = +v; refresh(); });
    addSelect("Vertical axis", axes, STATE.y, v => { if (+v === STATE.x) STATE.x = STATE.y; STATE.y = +v; refresh(); });
  }
  AXES.forEach((axis, k) => {
    if (k !== STATE.x && k !== STATE.y && axis.values.length > 1) addSelect(axisText(axis), axis.values.map((v, i) => [i, v]), STATE.held[k], v => { STATE.held[k] = +v; refresh(); });
  });
}

async function refresh() {
  slice();
  STATE.values = await column(STATE.quantity);
  STATE.cursor = [Math.min(STATE.cursor[0], STATE.cells.length - 1), Math.min(STATE.cursor[1], STATE.cells[0].length - 1)];
  const q = quantityOf(STATE.quantity), unit = q.unit && q.unit !== "1" ? " (" + q.unit + ")" : "";
  document.getElementById("maptitle").textContent = q.text[0].toUpperCase() + q.text.slice(1) + unit;
  drawControls();
  drawMap();
}

async function choose(p, name) {
  if (p < 0) return;
  await showPoint(name, p);
  drawMap();
}

/* Which point a choice is: B with the Shift key, or where the box is ticked, as phones have no such key. */
function chosenAs(event) { return event.shiftKey || document.getElementById("second").checked ? "B" : "A"; }

function wireMap() {
  const map = document.getElementById("map"), moves = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  map.addEventListener("mousemove", event => { const cell = cellAt(event); if (cell) tellCell(cell); });
  map.addEventListener("click", event => { const cell = cellAt(event); if (!cell) return; STATE.cursor = cell; tellCell(cell); choose(STATE.cells[cell[0]][cell[1]], chosenAs(event)); });
  map.addEventListener("keydown", event => {
    const [r, c] = STATE.cursor;
    if (event.key in moves) {
      const [dr, dc] = moves[event.key];
      STATE.cursor = [Math.min(Math.max(r + dr, 0), STATE.cells.length - 1), Math.min(Math.max(c + dc, 0), STATE.cells[0].length - 1)];
      tellCell(STATE.cursor); drawMap();
    } else if (event.key === "Enter" || event.key === " ") choose(STATE.cells[r][c], chosenAs(event));
    else return;
    event.preventDefault();
  });
  map.addEventListener("focus", drawMap);
  map.addEventListener("blur", drawMap);
  document.getElementById("save-map").addEventListener("click", saveMap);
  document.getElementById("save-points").addEventListener("click", savePoints);
}

function quoted(text) { return /[",\n]/.test(text) ? '"' + String(text).replace(/"/g, '""') + '"' : String(text); }

function mapAsCsv() {
  const shown = STATE.cells.flatMap(row => Array.from(row)).filter(p => p >= 0), flag = isFlag(STATE.quantity);
  const lines = [[...AXES.map(a => a.name), STATE.quantity.replace(/^\w+:/, "")].map(quoted).join(",")];
  for (const p of shown) lines.push([...AXES.map(a => a.values[a.index[p]]), flag ? valueText(p) : Number.isFinite(STATE.values[p]) ? STATE.values[p] : ""].map(quoted).join(","));
  return lines.join("\n") + "\n";
}

function saveMap() { download(ABOUT.study.replace(/\W+/g, "_") + "_" + STATE.quantity.replace(/\W+/g, "_") + ".csv", "text/csv", mapAsCsv()); }

async function pointsAsJson() {
  const made = {};
  for (const [name, p] of Object.entries(STATE.chosen)) {
    if (p < 0) continue;
    const about = {};
    for (const axis of AXES) about[axis.name] = axis.values[axis.index[p]];
    for (const flag of ABOUT.flags) about[flag.name] = flag.meanings[(await rawArray("flag:" + flag.name))[p]] ?? "undefined";
    for (const q of ABOUT.quantities) { const v = (await column("map:" + q.name))[p]; about[q.name] = Number.isFinite(v) ? v : null; }
    about.spectrum_db = await rowOf("spectrum", p);
    made[name] = about;
  }
  return JSON.stringify(made, null, 1);
}

async function savePoints() { download("points.json", "application/json", await pointsAsJson()); }

const MOST_ROWS = 300;

async function listPoints() {
  const statuses = ABOUT.flags, codes = await Promise.all(statuses.map(f => rawArray("flag:" + f.name)));
  const wanted = document.getElementById("search").value.toLowerCase().split(",").map(w => w.replace(/\s+/g, " ").trim()).filter(Boolean), only = document.getElementById("flagged").checked;
  const rows = [];
  let count = 0;
  for (let p = 0; p < ABOUT.count; p++) {
    const told = statuses.map((f, k) => [f, codes[k][p]]).filter(([f, c]) => f.name.endsWith("_status") ? c > 0 : !only);
    if (only && !told.length) continue;
    const words = told.map(([f, c]) => (f.name.endsWith("_status") ? f.name.slice(0, -7).replace(/_/g, " ") + ": " : "") + (f.meanings[c] ?? "undefined")).join("; ");
    const text = (pointText(p) + " " + words).toLowerCase();
    if (!wanted.every(w => text.includes(w))) continue;
    if (++count <= MOST_ROWS) rows.push(element("tr", { class: "row", tabindex: "0", onclick: event => choose(p, chosenAs(event)), onkeydown: event => { if (event.key === "Enter") choose(p, chosenAs(event)); } }, element("td", {}, pointText(p)), element("td", {}, words || "ok")));
  }
  document.getElementById("list").replaceChildren(element("tr", {}, element("th", {}, "point"), element("th", {}, "status")), ...rows);
  document.getElementById("found").textContent = count + " of " + ABOUT.count + " points" + (count > MOST_ROWS ? ", the first " + MOST_ROWS + " listed" : "");
}

function drawGallery() {
  const box = document.getElementById("gallery");
  for (const group of new Set(ABOUT.figures.map(f => f.group))) {
    box.append(element("h3", {}, group));
    for (const figure of ABOUT.figures.filter(f => f.group === group)) {
      const link = element("a", { href: figure.file, target: "_blank", rel: "noopener" });
      link.append(element("img", { src: figure.file, loading: "lazy", alt: "", onerror: () => link.classList.add("gone") }), figure.title);
      box.append(link);
    }
  }
  box.append(element("p", { class: "hint" }, "Figures lie beside this page; within a report of Snakemake they are in its own list."));
}

function drawAbout() {
  const box = document.getElementById("aboutbox"), line = (...parts) => box.append(element("p", {}, ...parts));
  line("Files: ", ...ABOUT.files.flatMap(name => [element("a", { href: name }, name), " "]));
  if (ABOUT.left_out.length) line("Left out to keep this page below 10 MB: " + ABOUT.left_out.join(", ") + ". All of it is in sweep.nc.");
  line("Spectra have 64 bins, and curves and matrices one or two bytes per value; exact numbers are in sweep.nc.");
  line("Connectome: " + ABOUT.connectome);
  line("Terms: " + ABOUT.terms);
  line("Please cite: " + ABOUT.cite.filter(Boolean).join("; "));
  line("Hash of the study: " + ABOUT.hash);
}

async function start() {
  document.getElementById("title").textContent = ABOUT.study;
  document.getElementById("subtitle").textContent = ABOUT.model + ", " + ABOUT.count + (ABOUT.count === 1 ? " point" : " points");
  drawGallery();
  drawAbout();
  if (!ABOUT.count) { for (const id of ["explore", "points"]) document.getElementById(id).remove(); document.body.dataset.ready = "yes"; return; }
  await loadAxes();
  const first = ABOUT.quantities.find(q => q.name === "synchrony") ?? ABOUT.quantities[0];
  STATE.quantity = first ? "map:" + first.name : "flag:" + ABOUT.flags[0].name;
  wireMap();
  const [a, b = -1] = ABOUT.first;
  STATE.held = AXES.map(axis => axis.index[a]);
  STATE.cursor = [STATE.y < 0 ? 0 : AXES[STATE.y].index[a], AXES[STATE.x].index[a]];
  await refresh();
  await choose(a, "A");
  tellCell(STATE.cursor);
  if (b < 0) await showPoint("B", b); else await choose(b, "B");
  for (const id of ["search", "flagged"]) document.getElementById(id).addEventListener("input", listPoints);
  await listPoints();
  let waiting = 0;
  window.addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(async () => { drawMap(); for (const name of ["A", "B"]) await showPoint(name, STATE.chosen[name]); }, 150); });
  document.body.dataset.ready = "yes";
}

start();
