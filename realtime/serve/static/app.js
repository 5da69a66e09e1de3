// The page: pictures from the browser's camera or from the server, results over them.

import {Connection, state} from "./connection.js";
import {blurFaces, drawFaces, fit, placed, writing} from "./draw.js";
import {Faces} from "./faces.js";
import {Table, download, stamp} from "./table.js";
import {Timeline} from "./timeline.js";

const $ = (id) => document.getElementById(id);
const MOST_WIDE = 1280;

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

class App {
  constructor(state) {
    this.state = state;
    this.look = {labels: new Map(state.labels.map((l) => [l.name, l])), uncertain: state.uncertain};
    this.timeline = new Timeline($("timeline"), this.look);
    this.faces = new Faces($("faces"), this.look);
    this.table = new Table(state.labels.map((l) => l.name));
    this.on = {freeze: false, mirror: state.mode === "camera", blur: false, record: false};
    this.source = null; this.message = {faces: [], size: [16, 9]}; this.said = new Map();
    this.times = []; this.delays = []; this.stale = true;
    this.fillSettings(); this.fillLegend(); this.bind();
    this.press("mirror", this.on.mirror);
    $("own").hidden = !(state.source && state.mode === "watch");
    const draw = () => { this.draw(); requestAnimationFrame(draw); };
    requestAnimationFrame(draw);
    setInterval(() => this.showFigures(), 500);
  }

  fillSettings() {
    const model = $("settings").elements.model;
    for (const name of this.state.models) model.add(new Option(name, name));
    this.showSettings(this.state.settings);
  }

  showSettings(settings) {
    for (const [name, value] of Object.entries(settings)) {
      const field = $("settings").elements[name];
      if (name === "tau_s" && ![...field.options].some((o) => Number(o.value) === value)) field.add(new Option(`${value} s`, value));
      field.value = String(value);
    }
  }

  fillLegend() {
    for (const {name, colour} of this.state.labels) {
      const item = document.createElement("li"), mark = document.createElement("i");
      mark.style.background = colour; item.append(mark, name); $("legend").append(item);
    }
  }

  bind() {
    const keys = {" ": "freeze", m: "mirror", b: "blur", r: "record", s: "save", d: "table", n: "rest", h: "keys"};
    for (const id of Object.values(keys)) $(id).addEventListener("click", () => this.act(id));
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, select, dialog[open]");
      const button = event.target.closest("button") && event.key === " ";
      if (typing || button || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      event.preventDefault(); this.act(keys[event.key]);
    });
    $("close-help").addEventListener("click", () => $("help").close());
    $("help").addEventListener("close", () => $("keys").setAttribute("aria-expanded", "false"));
    $("settings").addEventListener("submit", (event) => event.preventDefault());
    $("settings").addEventListener("change", (event) => {
      const {name, value} = event.target;
      this.connection?.ask({[name]: name === "max_faces" || name === "tau_s" ? Number(value) : value});
    });
  }

  act(id) {
    if (id === "save") $("picture").toBlob((blob) => download(blob, `fer-live-${stamp()}.png`));
    else if (id === "table") download(new Blob([this.table.csv()], {type: "text/csv"}), `fer-live-${stamp()}.csv`);
    else if (id === "rest") this.connection?.rest();
    else if (id === "keys") { $("help").showModal(); $("keys").setAttribute("aria-expanded", "true"); }
    else {
      this.press(id, !this.on[id]);
      if (id === "record") this.record();
    }
  }

  press(id, on) { this.on[id] = on; $(id).setAttribute("aria-pressed", String(on)); this.stale = true; }

  record() {
    if (!this.on.record) { this.recorder?.stop(); return; }
    const parts = [];
    this.recorder = new MediaRecorder($("picture").captureStream());
    this.recorder.ondataavailable = (event) => parts.push(event.data);
    this.recorder.onstop = () => download(new Blob(parts, {type: this.recorder.mimeType}), `fer-live-${stamp()}.webm`);
    this.recorder.start(1000);
  }

  resting(seconds) {
    const words = `Look as you do at rest, for ${seconds} s`;
    $("said").textContent = words; $("rest").textContent = words;
    clearTimeout(this.restingTimer);
    this.restingTimer = setTimeout(() => { $("rest").textContent = "Resting face"; $("said").textContent = "Resting faces are taken out"; }, 1000 * seconds);
  }

  notice(text, start = false) {
    $("notice").hidden = !text; $("notice-text").textContent = text; $("start").hidden = !start;
  }

  take(message, source) {
    if (this.on.freeze) return;
    const now = performance.now();
    this.times.push(now); while (this.times[0] < now - 2000) this.times.shift();
    this.message = message; this.source = source; this.stale = true;
    this.timeline.take(message); this.table.take(message); this.faces.show(message.faces, message.hint);
    this.announce(message.faces); this.notice("");
    if (message.hint && message.hint !== this.hint) $("said").textContent = message.hint;
    this.hint = message.hint;
  }

  delay(ms) {
    this.delays.push(ms); if (this.delays.length > 300) this.delays.shift();
    if (!this.on.freeze) this.timeline.delay(ms);
  }

  announce(faces) {
    for (const face of faces) {
      if (!face.uncertain && this.said.get(face.track)?.label !== face.label) {
        const last = this.said.get(face.track)?.at ?? 0;
        if (performance.now() - last < 2000) continue;
        this.said.set(face.track, {label: face.label, at: performance.now()});
        $("said").textContent = `Face ${face.track}: ${face.label}`;
      }
    }
  }

  showFigures() {
    const span = this.times.length > 1 ? (this.times[this.times.length - 1] - this.times[0]) / 1000 : 0;
    const rate = span ? (this.times.length - 1) / span : 0;
    const sorted = [...this.delays].sort((a, b) => a - b), p95 = sorted[Math.floor(0.95 * sorted.length)];
    window.ferLive = {rate, p95, frames: this.table.rows.length, message: this.message};
    $("figures").textContent = span ? `${rate.toFixed(0)} frames a second${p95 === undefined ? "" : `, ${p95.toFixed(0)} ms from picture to label (95th percentile)`}` : "";
    this.timeline.draw(writing(fit($("timeline"))));
  }

  draw() {
    const canvas = $("picture"), before = canvas.width + canvas.height, ratio = fit(canvas);
    if (!this.source || !(this.stale || before !== canvas.width + canvas.height)) return;
    this.stale = false;
    const context = canvas.getContext("2d"), size = this.message.size, place = placed(canvas, ...size);
    const {mirror, blur} = this.on, options = {mirror, ratio: writing(ratio)};
    context.fillStyle = "#000"; context.fillRect(0, 0, canvas.width, canvas.height);
    context.save();
    if (mirror) { context.translate(canvas.width, 0); context.scale(-1, 1); }
    context.drawImage(this.source, place.x, place.y, size[0] * place.scale, size[1] * place.scale);
    context.restore();
    if (blur) blurFaces(context, this.shown ?? this.source, this.message.faces, place, size, mirror);
    drawFaces(context, this.message.faces, place, size, this.look, options);
  }
}

// The browser's own camera: the next picture goes out when the answer to the last is there.
class OwnCamera {
  constructor(app) {
    this.app = app; this.video = $("video"); this.sent = document.createElement("canvas");
    this.shown = document.createElement("canvas"); this.waiting = false; this.asked = 0; this.sentAt = 0;
    $("start").addEventListener("click", () => this.start());
    navigator.permissions?.query({name: "camera"}).then((p) => p.state === "granted" && this.start(), () => {});
    app.notice("Your camera's pictures go to the fer-live on this machine and nowhere else.", true);
  }

  async start() {
    if (this.started) return;
    this.started = true;
    this.app.notice("Opening the camera…");
    try {
      this.video.srcObject = await navigator.mediaDevices.getUserMedia({video: {width: {ideal: 1280}, height: {ideal: 720}}, audio: false});
    } catch (error) {
      this.started = false;
      this.app.notice(`The camera cannot be opened: ${error.message}. Allow it in the browser and try again.`, true);
      return;
    }
    await this.video.play();
    this.app.notice("Loading the networks…");
    this.app.connection = new Connection("/camera", {
      ready: () => { this.waiting = false; this.send(); },
      message: (message) => this.answer(message),
      settings: (settings) => this.app.showSettings(settings),
      rest: (seconds) => this.app.resting(seconds),
      problem: (text) => this.app.notice(sentence(text)),
      lost: (text) => this.app.notice(sentence(text)),
    });
  }

  send() {
    const next = this.video.requestVideoFrameCallback?.bind(this.video) ?? requestAnimationFrame;
    next(() => {
      const scale = Math.min(1, MOST_WIDE / this.video.videoWidth);
      this.sent.width = Math.round(this.video.videoWidth * scale); this.sent.height = Math.round(this.video.videoHeight * scale);
      this.sent.getContext("2d").drawImage(this.video, 0, 0, this.sent.width, this.sent.height);
      this.sentAt = performance.now();
      this.app.connection.sendPicture(this.sent, this.sentAt / 1000);
    });
  }

  answer(message) {
    this.app.delay(performance.now() - this.sentAt);
    if (!this.app.on.freeze) {
      this.shown.width = this.sent.width; this.shown.height = this.sent.height;
      this.shown.getContext("2d").drawImage(this.sent, 0, 0);
    }
    this.app.take(message, this.shown);
    this.send();
  }
}

// A source of the server's: picture and results come together.
class ServersSource {
  constructor(app) {
    app.notice("Waiting for the first picture…");
    app.connection = new Connection("/watch", {
      ready: () => app.connection.next(),
      picture: async (message, blob) => {
        const bitmap = await createImageBitmap(blob);
        app.connection.next();
        if (message.latency_ms !== undefined) app.delay(message.latency_ms);
        if (!app.on.freeze) { const canvas = this.canvas(bitmap, message.size); app.take(message, canvas); }
        bitmap.close();
      },
      settings: (settings) => app.showSettings(settings),
      rest: (seconds) => app.resting(seconds),
      refused: (text) => { $("said").textContent = text; app.connection.next(); },
      problem: (text) => { app.notice(sentence(text)); app.connection.next(); },
      lost: (text) => app.notice(sentence(text)),
    });
  }

  canvas(bitmap, size) {
    this.shown ??= document.createElement("canvas");
    this.shown.width = size[0]; this.shown.height = size[1];
    this.shown.getContext("2d").drawImage(bitmap, 0, 0, ...size);
    return this.shown;
  }
}

state().then((found) => {
  const app = new App(found);
  if (found.mode === "camera") new OwnCamera(app); else new ServersSource(app);
}).catch((error) => { $("notice-text").textContent = error.message; });
