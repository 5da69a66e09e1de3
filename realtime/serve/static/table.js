// What was seen since the page was opened, as a table with fer-live's own columns.

const MOST_ROWS = 500000;

export class Table {
  constructor(labels) { this.labels = labels; this.rows = []; this.lost = false; }

  take(message) {
    const start = [message.frame, message.time_s, message.wall_time ?? ""];
    if (!message.faces.length) this.rows.push(start);
    for (const f of message.faces) {
      this.rows.push([...start, f.track, ...f.box, f.score, f.label, f.confidence, f.uncertain ? 1 : 0,
        ...this.labels.map((name) => f.probabilities[name] ?? ""), ...this.labels.map((name) => f.raw[name] ?? ""), f.quality ?? ""]);
    }
    if (this.rows.length > MOST_ROWS) { this.rows.splice(0, this.rows.length - MOST_ROWS); this.lost = true; }
  }

  csv() {
    const head = ["frame", "time_s", "wall_time", "track", "x0", "y0", "x1", "y1", "face_score", "label", "confidence",
      "uncertain", ...this.labels, ...this.labels.map((name) => `raw_${name}`), "quality"];
    const whole = (row) => [...row, ...Array(head.length - row.length).fill("")].join(",");
    return [head.join(","), ...this.rows.map(whole), ""].join("\n");
  }
}

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob); link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

export function stamp() { return new Date().toISOString().replace(/[:.]/g, "-").slice(0, 19); }
