// Frames and names on a transparent ground, for a browser source in OBS; ?mirror=1 turns them round.

import {Connection, state} from "./connection.js";
import {drawFaces, fit, placed, writing} from "./draw.js";

const canvas = document.getElementById("overlay");
const mirror = new URLSearchParams(location.search).get("mirror") === "1";
const found = await state();
const look = {labels: new Map(found.labels.map((l) => [l.name, l])), uncertain: found.uncertain};

function show(message) {
  const ratio = fit(canvas), context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  drawFaces(context, message.faces, placed(canvas, ...message.size), message.size, look, {mirror, ratio: writing(ratio)});
}

// Where there is nothing to draw over, an empty overlay would leave somebody in OBS at a loss.
function say(text) {
  const context = canvas.getContext("2d"), px = 16 * writing(fit(canvas));
  context.font = `600 ${px}px system-ui, sans-serif`; context.textBaseline = "top";
  context.fillStyle = "#101114"; context.fillRect(0, 0, context.measureText(text).width + 2 * px, 2 * px);
  context.fillStyle = "#f2f2ee"; context.fillText(text, px, px / 2);
}

const connection = new Connection("/watch", {
  ready: () => connection.next(),
  picture: (message) => { show(message); connection.next(); },
  settings: () => {},
  problem: () => { show({faces: [], size: [16, 9]}); connection.next(); },
  lost: (text) => { show({faces: [], size: [16, 9]}); if (!found.source) say(text); },
});
