// The last two minutes: for each face a band of its labels, the course of its probabilities and the
// quality of its picture; below all, how long a picture took to its label.

const SPAN_S = 120, MOST = 4, KEEP = 20000, QUALITY_PX = 7, DELAY_PX = 22, LEFT_PX = 52, LEAST_REM = 11, TRACK_REM = 3;

export class Timeline {
  constructor(canvas, look) {
    this.canvas = canvas; this.look = look; this.tracks = new Map(); this.delays = []; this.now = 0;
  }

  // How long the picture of the last message took, in milliseconds.
  delay(ms) {
    this.delays.push({t: this.now, ms});
    while (this.delays.length > KEEP || this.delays[0].t < this.now - SPAN_S) this.delays.shift();
  }

  take(message) {
    if (message.time_s < this.now) { this.tracks.clear(); this.delays = []; }
    this.now = message.time_s;
    for (const face of message.faces) {
      if (!this.tracks.has(face.track)) this.tracks.set(face.track, []);
      const points = this.tracks.get(face.track);
      points.push({t: message.time_s, label: face.uncertain ? null : face.label, p: face.probabilities, quality: face.quality});
      while (points.length > KEEP || points[0].t < this.now - SPAN_S) points.shift();
    }
    for (const [track, points] of this.tracks) {
      if (!points.length || points[points.length - 1].t < this.now - SPAN_S) this.tracks.delete(track);
    }
  }

  draw(ratio) {
    const {canvas} = this, context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    const last = (points) => points[points.length - 1].t;
    const recent = [...this.tracks].sort((a, b) => last(b[1]) - last(a[1]) || b[1].length - a[1].length).slice(0, MOST)
      .sort((a, b) => a[0] - b[0]);
    const style = getComputedStyle(canvas), below = DELAY_PX * ratio;
    canvas.style.height = `${Math.max(LEAST_REM, TRACK_REM * recent.length + 1.5)}rem`;
    const row = (canvas.height - below) / Math.max(1, recent.length);
    recent.forEach(([track, points], k) => this.drawTrack(context, track, points, k * row, row - 8 * ratio, ratio, style.color));
    this.drawDelays(context, canvas.height - below, below, ratio, style.color);
  }

  drawDelays(context, top, height, ratio, text) {
    if (!this.delays.length) return;
    const sorted = this.delays.map((one) => one.ms).sort((a, b) => a - b);
    const most = 1.2 * sorted[Math.floor(0.95 * sorted.length)] || 1, left = LEFT_PX * ratio, width = this.canvas.width - left;
    context.fillStyle = text; context.font = `${12 * ratio}px system-ui, sans-serif`; context.textBaseline = "middle";
    context.fillText(`${Math.round(most)} ms`, 0, top + height / 2);
    context.globalAlpha = 0.55;
    for (const {t, ms} of this.delays) {
      const high = (height - 3 * ratio) * Math.min(1, ms / most);
      context.fillRect(left + width * (1 - (this.now - t) / SPAN_S), top + height - high, Math.max(1, ratio), high);
    }
    context.globalAlpha = 1;
  }

  drawTrack(context, track, points, top, height, ratio, text) {
    const left = LEFT_PX * ratio, width = this.canvas.width - left;
    const x = (t) => left + width * (1 - (this.now - t) / SPAN_S);
    context.fillStyle = text; context.font = `${13 * ratio}px system-ui, sans-serif`;
    context.textBaseline = "middle"; context.fillText(`#${track}`, 0, top + height / 2);
    const band = Math.min(14 * ratio, 0.3 * height), quality = QUALITY_PX * ratio;
    const ground = top + height - quality - 3 * ratio, room = ground - top - band - 3 * ratio;
    points.forEach((point, i) => {
      const next = points[i + 1], end = next && next.t - point.t < 1 ? next.t : point.t + 0.05;
      context.fillStyle = point.label ? this.look.labels.get(point.label)?.colour ?? this.look.uncertain : this.look.uncertain;
      context.fillRect(x(point.t), top, Math.max(1, x(end) - x(point.t) + 0.5), band);
      const high = quality * (point.quality ?? 0);
      context.fillStyle = text; context.globalAlpha = 0.55;
      context.fillRect(x(point.t), top + height - high, Math.max(1, x(end) - x(point.t) + 0.5), high);
      context.globalAlpha = 1;
    });
    for (const [name, look] of this.look.labels) {
      context.beginPath();
      let last = -9;
      for (const point of points) {
        const y = ground - room * (point.p[name] ?? 0);
        if (point.t - last > 1) context.moveTo(x(point.t), y); else context.lineTo(x(point.t), y);
        last = point.t;
      }
      context.strokeStyle = "rgb(110 112 118 / 75%)"; context.lineWidth = 3 * ratio; context.stroke();
      context.strokeStyle = look.colour; context.lineWidth = 2 * ratio; context.stroke();
    }
  }
}
