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

const connection = new Connection("/watch", {
  ready: () => connection.next(),
  picture: (message) => { show(message); connection.next(); },
  settings: () => {}, problem: () => show({faces: [], size: [16, 9]}), lost: () => show({faces: [], size: [16, 9]}),
});
