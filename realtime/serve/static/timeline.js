// The last two minutes: for each face a band of its labels and the course of its probabilities.

const SPAN_S = 120, MOST = 4, KEEP = 20000;

export class Timeline {
  constructor(canvas, look) {
    this.canvas = canvas; this.look = look; this.tracks = new Map(); this.now = 0;
  }

  take(message) {
    if (message.time_s < this.now) this.tracks.clear();
    this.now = message.time_s;
    for (const face of message.faces) {
      if (!this.tracks.has(face.track)) this.tracks.set(face.track, []);
      const points = this.tracks.get(face.track);
      points.push({t: message.time_s, label: face.uncertain ? null : face.label, p: face.probabilities});
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
    const row = canvas.height / Math.max(1, recent.length);
    const style = getComputedStyle(canvas);
    recent.forEach(([track, points], k) => this.drawTrack(context, track, points, k * row, row - 4 * ratio, ratio, style.color));
  }

  drawTrack(context, track, points, top, height, ratio, text) {
    const left = 34 * ratio, width = this.canvas.width - left;
    const x = (t) => left + width * (1 - (this.now - t) / SPAN_S);
    context.fillStyle = text; context.font = `${13 * ratio}px system-ui, sans-serif`;
    context.textBaseline = "middle"; context.fillText(`#${track}`, 0, top + height / 2);
    const band = Math.min(14 * ratio, 0.3 * height), ground = top + height, room = height - band - 3 * ratio;
    points.forEach((point, i) => {
      const next = points[i + 1], end = next && next.t - point.t < 1 ? next.t : point.t + 0.05;
      context.fillStyle = point.label ? this.look.labels.get(point.label)?.colour ?? this.look.uncertain : this.look.uncertain;
      context.fillRect(x(point.t), top, Math.max(1, x(end) - x(point.t) + 0.5), band);
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
