/* Small plots on canvases: lines, points, matrices, brains. */
const INK = "#1a1a1a", GRID = "#e3e3e3", FONT = "12px system-ui, 'DejaVu Sans', sans-serif";

function context(canvas, height) {
  const width = canvas.clientWidth || 300, ratio = window.devicePixelRatio || 1;
  canvas.style.height = height + "px";
  canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio); pen.font = FONT; pen.fillStyle = "#fff"; pen.fillRect(0, 0, width, height);
  return { pen, width, height };
}

function ticksBetween(low, high, count) {
  const raw = (high - low) / Math.max(count, 1), unit = 10 ** Math.floor(Math.log10(raw || 1));
  const step = [1, 2, 5, 10].map(k => k * unit).find(s => s >= raw) || raw, found = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) found.push(Math.abs(v) < step * 1e-9 ? 0 : v);
  return found;
}

function frame(canvas, height, xs, ys, xname, yname) {
  const c = context(canvas, height), box = { left: 52, right: c.width - 10, top: 10, bottom: height - 36 };
  const [x0, x1] = xs, [y0, y1] = ys;
  const X = v => box.left + (v - x0) / (x1 - x0 || 1) * (box.right - box.left);
  const Y = v => box.bottom - (v - y0) / (y1 - y0 || 1) * (box.bottom - box.top);
  c.pen.textBaseline = "middle";
  for (const v of ticksBetween(y0, y1, 4)) {
    c.pen.strokeStyle = GRID; c.pen.beginPath(); c.pen.moveTo(box.left, Y(v)); c.pen.lineTo(box.right, Y(v)); c.pen.stroke();
    c.pen.fillStyle = INK; c.pen.textAlign = "right"; c.pen.fillText(String(Number(v.toPrecision(3))), box.left - 5, Y(v));
  }
  c.pen.textAlign = "center"; c.pen.textBaseline = "top";
  for (const v of ticksBetween(x0, x1, Math.max(4, c.width / 90))) c.pen.fillText(String(Number(v.toPrecision(3))), X(v), box.bottom + 5);
  c.pen.fillText(xname, (box.left + box.right) / 2, height - 16);
  c.pen.save(); c.pen.translate(11, (box.top + box.bottom) / 2); c.pen.rotate(-Math.PI / 2); c.pen.textBaseline = "middle"; c.pen.fillText(yname, 0, 0); c.pen.restore();
  c.pen.strokeStyle = INK; c.pen.strokeRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  return { ...c, X, Y, box };
}

function reach(values, pad = 0.05) {
  const known = values.filter(Number.isFinite);
  if (!known.length) return null;
  const low = Math.min(...known), high = Math.max(...known), more = (high - low || 1) * pad;
  return [low - more, high + more];
}

function drawLine(canvas, xs, ys, colour, xname, yname) {
  const limits = reach(ys);
  if (!limits) return false;
  const p = frame(canvas, 190, [xs[0], xs[xs.length - 1]], limits, xname, yname);
  p.pen.strokeStyle = colour; p.pen.lineWidth = 1.8; p.pen.beginPath();
  let down = false;
  ys.forEach((y, k) => { if (!Number.isFinite(y)) { down = false; return; } p.pen[down ? "lineTo" : "moveTo"](p.X(xs[k]), p.Y(y)); down = true; });
  p.pen.stroke();
  return true;
}

function drawDots(canvas, xs, ys, colour, xname, yname) {
  const limits = reach([...ys, 0]), wide = reach(xs);
  if (!limits || !ys.some(Number.isFinite)) return false;
  const p = frame(canvas, 190, wide, limits, xname, yname);
  p.pen.strokeStyle = INK; p.pen.beginPath(); p.pen.moveTo(p.box.left, p.Y(0)); p.pen.lineTo(p.box.right, p.Y(0)); p.pen.stroke();
  ys.forEach((y, k) => {
    if (!Number.isFinite(y)) return;
    p.pen.fillStyle = y > 0 ? "#d55e00" : colour; p.pen.beginPath(); p.pen.arc(p.X(xs[k]), p.Y(y), 2.6, 0, 7); p.pen.fill();
  });
  return true;
}

/* A symmetric matrix from its upper triangle; `diagonal` says whether that is among the values. */
function drawMatrix(canvas, values, order, diagonal, [low, high], map) {
  if (!values.some(Number.isFinite)) return false;
  const size = order.length, place = new Array(size);
  order.forEach((region, position) => { place[region] = position; });
  canvas.style.maxWidth = "340px";
  const side = canvas.clientWidth || 300, c = context(canvas, side), cell = side / size;
  let k = 0;
  for (let i = 0; i < size; i++) for (let j = diagonal ? i : i + 1; j < size; j++, k++) {
    const v = values[k];
    c.pen.fillStyle = Number.isFinite(v) ? colourAt(map, (v - low) / (high - low)) : UNDEFINED;
    const x = place[j] * cell, y = place[i] * cell;
    c.pen.fillRect(x, y, cell + 0.6, cell + 0.6); c.pen.fillRect(y, x, cell + 0.6, cell + 0.6);
  }
  return true;
}

/* Regions from above and from the left, coloured by a value each. */
function drawBrain(canvas, values, regions, map) {
  const known = values.filter(Number.isFinite);
  if (!known.length || regions.some(r => !r.at)) return null;
  const low = Math.min(...known), high = Math.max(...known), c = context(canvas, 190), half = c.width / 2;
  const outline = ABOUT.outline ?? {}, above = outline.axial ?? [], side = (outline.sagittal ?? []).map(([y, z]) => [-y, z]);
  const views = [[r => r.at[0], r => r.at[1], r => r.at[2], above, "from above"], [r => -r.at[1], r => r.at[2], r => -r.at[0], side, "from the left"]];
  views.forEach(([h, v, depth, corners, words], k) => {
    const room = corners.length ? 0.02 : 0.12;
    const xs = reach([...regions.map(h), ...corners.map(c => c[0])], room), ys = reach([...regions.map(v), ...corners.map(c => c[1])], room);
    const scale = Math.min((half - 10) / (xs[1] - xs[0]), 165 / (ys[1] - ys[0])), mx = (xs[0] + xs[1]) / 2, my = (ys[0] + ys[1]) / 2;
    c.pen.fillStyle = "#f4f4f2"; c.pen.strokeStyle = "#c9c9c4"; c.pen.beginPath();
    corners.forEach(([x, y], n) => c.pen[n ? "lineTo" : "moveTo"](half * (k + 0.5) + (x - mx) * scale, 85 - (y - my) * scale));
    c.pen.closePath(); c.pen.fill(); c.pen.stroke();
    regions.map((r, n) => [r, values[n]]).sort((a, b) => depth(a[0]) - depth(b[0])).forEach(([r, value]) => {
      c.pen.fillStyle = Number.isFinite(value) ? colourAt(map, (value - low) / (high - low || 1)) : UNDEFINED;
      c.pen.strokeStyle = "#fff"; c.pen.beginPath();
      c.pen.arc(half * (k + 0.5) + (h(r) - mx) * scale, 85 - (v(r) - my) * scale, Math.max(3.5, half / 42), 0, 7); c.pen.fill(); c.pen.stroke();
    });
    c.pen.fillStyle = INK; c.pen.textAlign = "center"; c.pen.textBaseline = "top"; c.pen.fillText(words, half * (k + 0.5), 174);
  });
  return [low, high];
}

/* Regions on the cortical surface: `labels` has the region of every pixel of four views, `shades` how light it is. */
function drawSurface(canvas, values, labels, shades, shape, map) {
  const known = values.filter(Number.isFinite);
  if (!known.length) return null;
  const low = Math.min(...known), high = Math.max(...known), [views, rows, columns] = shape, size = rows * columns;
  const table = Array.from({ length: 256 }, (_, k) => k === 255 ? [255, 255, 255] : k === 254 ? [213, 213, 208] : !Number.isFinite(values[k]) ? [240, 240, 238]
    : colourAt(map, (values[k] - low) / (high - low || 1)).match(/\d+/g).map(Number));
  const width = (canvas.clientWidth || 300) / 2 - 6, height = width * rows / columns, c = context(canvas, 2 * (height + 20));
  [[0, 0], [0, 1], [1, 1], [1, 0]].forEach(([column, row], view) => {
    const part = new OffscreenCanvas(columns, rows), pen = part.getContext("2d"), image = pen.createImageData(columns, rows);
    for (let k = 0; k < size; k++) {
      const at = view * size + k, label = labels[at], border = label !== labels[at + 1] || (k + columns < size && label !== labels[at + columns]);
      const light = label === 255 ? 1 : (0.62 + 0.38 * shades[at] / 255) * (border ? 0.45 : 1);
      table[label].forEach((v, n) => { image.data[4 * k + n] = v * light; });
      image.data[4 * k + 3] = 255;
    }
    pen.putImageData(image, 0, 0);
    const x = column * (width + 12), y = row * (height + 20);
    c.pen.imageSmoothingQuality = "high"; c.pen.drawImage(part, x, y, width, height);
    c.pen.fillStyle = INK; c.pen.textAlign = "center"; c.pen.textBaseline = "top"; c.pen.fillText(ABOUT.surface[view], x + width / 2, y + height + 2);
  });
  return [low, high];
}
