/* The arrays of the page: unpacked when they are asked for first. */
const ABOUT = JSON.parse(document.getElementById("meta").textContent);
const TYPES = { float32: Float32Array, uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, uint32: Uint32Array };
const unpacked = new Map();

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/* The raw numbers of an array; null if the page does not have it. */
function rawArray(name) {
  if (!(name in ABOUT.arrays)) return Promise.resolve(null);
  if (!unpacked.has(name)) {
    const text = document.getElementById("a:" + name).textContent;
    unpacked.set(name, inflate(text).then(buffer => new TYPES[ABOUT.arrays[name].kind](buffer)));
  }
  return unpacked.get(name);
}

/* One row of an array as numbers: NaN where a value is not defined. */
async function rowOf(name, row) {
  const raw = await rawArray(name);
  if (!raw) return null;
  const head = ABOUT.arrays[name], width = head.shape.slice(1).reduce((a, b) => a * b, 1);
  const part = Array.from(raw.subarray(row * width, (row + 1) * width));
  if (head.steps === undefined) return part;
  const low = head.lows ? head.lows[row] : head.low, high = head.highs ? head.highs[row] : head.high;
  return part.map(v => v === head.unknown ? NaN : low + (high - low) * v / head.steps);
}

/* All values of an array with one number per point. */
async function column(name) {
  const raw = await rawArray(name);
  if (!raw) return null;
  const head = ABOUT.arrays[name];
  if (head.steps === undefined) return raw;
  return Float64Array.from(raw, v => v === head.unknown ? NaN : head.low + (head.high - head.low) * v / head.steps);
}

function textOf(value, unit) {
  if (!Number.isFinite(value)) return "not defined";
  const size = Math.abs(value), plain = size === 0 || (size >= 1e-3 && size < 1e5);
  const text = plain ? String(Number(value.toPrecision(4))) : value.toExponential(2);
  return unit && unit !== "1" ? text + " " + unit.replace("Hz-1", "1/Hz").replace("ms-1", "1/ms") : text;
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function download(name, kind, text) {
  const link = element("a", { download: name, href: URL.createObjectURL(new Blob([text], { type: kind })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
