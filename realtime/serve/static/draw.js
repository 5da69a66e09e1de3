// Frames and names over a picture, at the screen's own sharpness.

export function fit(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  return ratio;
}

// How much larger than a CSS pixel of a small screen writing on a canvas is: on large screens the
// page's own writing grows too.
export function writing(ratio) { return ratio * parseFloat(getComputedStyle(document.documentElement).fontSize) / 16; }

// Where a picture of w x h lies, whole, in the middle of a canvas.
export function placed(canvas, w, h) {
  const scale = Math.min(canvas.width / w, canvas.height / h);
  return {x: (canvas.width - w * scale) / 2, y: (canvas.height - h * scale) / 2, scale};
}

export function drawFaces(context, faces, place, size, look, options) {
  const ratio = options.ratio, taken = [];
  for (const face of faces) {
    let [x0, y0, x1, y1] = face.box;
    if (options.mirror) [x0, x1] = [size[0] - x1, size[0] - x0];
    const x = place.x + x0 * place.scale, y = place.y + y0 * place.scale;
    const w = (x1 - x0) * place.scale, h = (y1 - y0) * place.scale;
    const label = look.labels.get(face.label) || {colour: look.uncertain, ink: "#101114"};
    const colour = face.uncertain ? look.uncertain : label.colour;
    const ink = face.uncertain ? "#101114" : label.ink;
    context.lineJoin = "round";
    for (const [line, width] of [["rgb(16 17 20 / 80%)", 5], [colour, 3]]) {
      context.setLineDash(face.uncertain ? [8 * ratio, 6 * ratio] : []);
      context.strokeStyle = line; context.lineWidth = width * ratio;
      context.beginPath(); context.roundRect(x, y, w, h, 6 * ratio); context.stroke();
    }
    context.setLineDash([]);
    const text = `${face.label}${face.uncertain ? "?" : ""} ${Math.round(100 * face.confidence)} %  #${face.track}`;
    drawTag(context, text, x, y, h, colour, ink, ratio, taken);
  }
}

function drawTag(context, text, x, y, h, colour, ink, ratio, taken) {
  context.font = `600 ${15 * ratio}px system-ui, sans-serif`;
  const width = context.measureText(text).width + 14 * ratio, height = 24 * ratio;
  const left = Math.max(0, Math.min(x, context.canvas.width - width));
  const places = [y - height - 4 * ratio, y + h + 4 * ratio, y + 4 * ratio];
  for (let k = 1; k * height < context.canvas.height; k++) places.push(places[0] + k * height, places[0] - k * height);
  const free = (top) => top >= 0 && top + height <= context.canvas.height
    && taken.every((t) => left + width < t[0] || t[0] + t[2] < left || top + height < t[1] || t[1] + t[3] < top);
  const top = places.find(free);
  if (top === undefined) return;  // in a crowd the last faces have a frame in their colour alone
  taken.push([left, top, width, height]);
  context.fillStyle = colour;
  context.beginPath(); context.roundRect(left, top, width, height, 5 * ratio); context.fill();
  context.strokeStyle = "rgb(16 17 20 / 80%)"; context.lineWidth = ratio; context.stroke();
  context.fillStyle = ink; context.textBaseline = "middle";
  context.fillText(text, left + 7 * ratio, top + height / 2 + ratio / 2);
}

// Faces as a few large blocks: what is below cannot be had back.
export function blurFaces(context, source, faces, place, size, mirror) {
  const small = document.createElement("canvas");
  small.width = small.height = 6;
  for (const face of faces) {
    const [x0, y0, x1, y1] = face.box, w = x1 - x0, h = y1 - y0;
    const sx = x0 - 0.35 * w, sy = y0 - 0.35 * h, sw = 1.7 * w, sh = 1.7 * h;
    small.getContext("2d").drawImage(source, sx, sy, sw, sh, 0, 0, 6, 6);
    const left = mirror ? size[0] - sx - sw : sx;
    context.save();
    context.imageSmoothingEnabled = false;
    context.drawImage(small, place.x + left * place.scale, place.y + sy * place.scale, sw * place.scale, sh * place.scale);
    context.restore();
  }
}
