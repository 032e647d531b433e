/* Colour maps, interpolated between the colours that the figures have. */
const UNDEFINED = "#ededed", CLASSES = ["#dcdcdc", "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9"];

function channels(hex) { return [1, 3, 5].map(k => parseInt(hex.slice(k, k + 2), 16)); }

function colourAt(map, share) {
  const anchors = ABOUT.colours[map], at = Math.min(Math.max(share, 0), 1) * (anchors.length - 1);
  const k = Math.min(Math.floor(at), anchors.length - 2), t = at - k, a = channels(anchors[k]), b = channels(anchors[k + 1]);
  return "rgb(" + a.map((v, c) => Math.round(v + (b[c] - v) * t)).join(",") + ")";
}

/* The limits of the colours for values: what the quantity fixes, else those of the data. */
function limitsOf(quantity, values) {
  let low = Infinity, high = -Infinity;
  for (const v of values) if (Number.isFinite(v)) { if (v < low) low = v; if (v > high) high = v; }
  if (low > high) return [0, 1];
  if (quantity.diverging) { const reach = Math.max(Math.abs(low), Math.abs(high)) || 1; return [-reach, reach]; }
  if (quantity.low !== null && high > quantity.low) low = quantity.low;
  return high > low ? [low, high] : [low, low + (Math.abs(low) || 1)];
}

function classColour(code) { return code < 0 ? UNDEFINED : CLASSES[code % CLASSES.length]; }
