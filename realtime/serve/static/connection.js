// Talking to the server: state once, then one WebSocket that comes back when it is lost.

export async function state() {
  const answer = await fetch("/state" + location.search);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

export class Connection {
  // path: "/camera" or "/watch"; told: {message, picture, problem, lost, settings, ready}
  constructor(path, told) {
    this.told = told;
    this.url = new URL(path + location.search, location.href);
    this.url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.pauseMs = 250;
    this.open();
  }

  open() {
    this.socket = new WebSocket(this.url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = (event) => this.take(event.data);
    this.socket.onclose = (event) => {
      this.told.lost(event.reason || "The server is gone; trying again.");
      setTimeout(() => this.open(), this.pauseMs);
      this.pauseMs = Math.min(2 * this.pauseMs, 5000);
    };
  }

  take(data) {
    if (data instanceof ArrayBuffer) {
      const length = new DataView(data).getUint32(0, true);
      const text = new TextDecoder().decode(new Uint8Array(data, 4, length));
      this.told.picture(JSON.parse(text), new Blob([new Uint8Array(data, 4 + length)], {type: "image/jpeg"}));
      return;
    }
    const message = JSON.parse(data);
    if (message.rest_s) this.told.rest?.(message.rest_s);
    if (message.settings) this.told.settings(message.settings);
    if (message.ready) { this.pauseMs = 250; this.told.ready(); }
    if (message.problem) this.told.problem(message.problem);
    if (message.refused) this.told.refused?.(message.refused);
    if (message.faces) this.told.message(message);
  }

  get there() { return this.socket.readyState === WebSocket.OPEN; }

  ask(settings) { if (this.there) this.socket.send(JSON.stringify(settings)); }

  rest() { if (this.there) this.socket.send("rest"); }

  next() { if (this.there) this.socket.send("next"); }

  async sendPicture(canvas, timeS) {
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
    if (!blob || !this.there) return;
    const data = new Uint8Array(8 + blob.size);
    new DataView(data.buffer).setFloat64(0, timeS, true);
    data.set(new Uint8Array(await blob.arrayBuffer()), 8);
    this.socket.send(data);
  }
}
