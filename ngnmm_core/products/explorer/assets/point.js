/* What is known of one point. */
async function showPoint(name, p) {
  STATE.chosen[name] = p;
  const box = document.getElementById(name), colour = name === "A" ? "#0072b2" : "#d55e00";
  if (p < 0) {
    box.replaceChildren(element("h2", {}, "Point " + name), element("p", { class: "hint" }, "Shift and click, Shift and Enter, or the box below the map, choose a second point to compare."));
    return;
  }
  const facts = element("dl");
  for (const axis of AXES) facts.append(element("dt", {}, axis.name), element("dd", {}, axis.values[axis.index[p]]));
  for (const flag of ABOUT.flags) {
    const code = (await rawArray("flag:" + flag.name))[p];
    facts.append(element("dt", {}, flag.name.endsWith("_status") ? flag.name.slice(0, -7).replace(/_/g, " ") : flag.text), element("dd", {}, flag.meanings[code] ?? "undefined"));
  }
  for (const q of ABOUT.quantities) facts.append(element("dt", {}, q.text), element("dd", {}, textOf((await column("map:" + q.name))[p], q.unit)));
  box.replaceChildren(element("h2", {}, "Point " + name), facts);
  await addSpectrum(box, p, colour);
  await addGrowth(box, p, colour);
  await addConnectivity(box, p);
  await addBrain(box, p);
}

/* A figure with a caption; it is taken away again if there is nothing to draw. */
function addFigure(box, caption, label, draw) {
  const canvas = element("canvas", { role: "img", "aria-label": label }), made = element("figure", {}, canvas, element("figcaption", {}, caption));
  box.append(made);
  const drawn = draw(canvas, made);
  if (!drawn) made.replaceWith(element("p", { class: "hint" }, label + ": not defined at this point."));
}

async function addSpectrum(box, p, colour) {
  const row = await rowOf("spectrum", p);
  if (row) addFigure(box, "Power spectrum, mean over regions, in " + row.length + " bins", "Power spectrum", canvas => drawLine(canvas, ABOUT.frequencies, row, colour, "frequency (Hz)", "dB re 1/Hz"));
}

async function addGrowth(box, p, colour) {
  const rows = await rawArray("growth:row");
  if (!rows) return;
  const growth = (await rowOf("growth", rows[p])).slice(1);
  addFigure(box, "Dispersion relation: growth rates along the eigenvectors of W, without the uniform one; vermilion grows", "Dispersion relation", canvas => drawDots(canvas, ABOUT.modes.slice(1), growth, colour, "eigenvalue of W (real part)", "growth (1/ms)"));
}

async function addConnectivity(box, p) {
  const points = await rawArray("fc:point"), place = points ? points.indexOf(p) : -1;
  const whole = place >= 0, row = whole ? await rowOf("fc", place) : await rowOf("fc:block", p);
  if (!row) return;
  const size = whole ? ABOUT.regions.length : ABOUT.fc.blocks.length, known = row.filter(Number.isFinite);
  const rank = k => whole ? ["L", "R"].indexOf(ABOUT.regions[k].side) >>> 0 : 0;
  const order = Array.from({ length: size }, (_, k) => k).sort((a, b) => rank(a) - rank(b) || a - b);
  const high = Math.max(...known.map(Math.abs), 0.05), text = "Functional connectivity of " + ABOUT.fc.signal;
  const what = whole ? "all " + size + " regions, left before right" : "means over " + size + " blocks of regions (" + ABOUT.fc.blocks.slice(0, 3).join(", ") + ", ...); all pairs are in sweep.nc";
  addFigure(box, text + ", " + what + "; colours from " + textOf(-high) + " to " + textOf(high), text, canvas => drawMatrix(canvas, row, order, !whole, [-high, high], "vlag"));
}

async function addBrain(box, p) {
  const row = await rowOf("rates", p), labels = await rawArray("surface"), shades = await rawArray("surface:shade");
  if (!row || !ABOUT.regions.length) return;
  addFigure(box, "", "Firing rates on the brain", (canvas, made) => {
    const limits = labels ? drawSurface(canvas, row, labels, shades, ABOUT.arrays.surface.shape, "viridis") : drawBrain(canvas, row, ABOUT.regions, "viridis");
    if (!limits) return limits;
    const [low, high] = limits.map(v => textOf(v, "Hz"));
    const range = low === high ? low + " in all" : low + " (dark) to " + high + " (bright)";
    made.lastChild.textContent = "Mean firing rates of regions (excitatory, where there are two populations): " + range;
    return limits;
  });
}
