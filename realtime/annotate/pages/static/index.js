"use strict";
// The page over a run: search, sort, failures, groups side by side.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const AT_ONCE = 500;
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const clock = (s) => `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, "0")}`;
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const share = (row, k) => row.seconds.length ? row.seconds[k] / (sum(row.seconds) || 1) : -1;

  const failed = data.rows.filter((row) => row.failed).length;
  byId("name").textContent = data.title;
  byId("about").textContent = `${data.rows.length} inputs, ${data.rows.length - failed} done, ${failed} failed`;

  // --- the table ------------------------------------------------------------------------------
  const columns = [
    {name: "file", of: (row) => row.name},
    {name: "length", of: (row) => row.duration_s},
    {name: "faces", of: (row) => row.faces},
    ...data.labels.map((label, k) => ({name: label, of: (row) => share(row, k)})),
    {name: "note", of: (row) => row.note || ""},
  ];
  let sorted = {column: 0, up: true}, limit = AT_ONCE;
  const body = make("tbody");
  const heads = columns.map((column, k) => {
    const button = make("button", {type: "button", textContent: column.name});
    const head = make("th", {scope: "col"}, button);
    button.addEventListener("click", () => { sorted = {column: k, up: sorted.column === k ? !sorted.up : k === 0}; fill(); });
    return head;
  });
  byId("files").append(make("caption", {textContent: "Shares of each label, of the time that faces were seen; in photographs, of the faces"}),
    make("thead", {}, make("tr", {}, ...heads)), body);

  function line(row) {
    const name = make("td", {className: "name"}, row.link ? make("a", {href: row.link, textContent: row.name}) : row.name);
    const cells = row.failed ? data.labels.map(() => make("td")) : data.labels.map((_, k) => {
      const part = share(row, k), cell = make("td", {textContent: row.faces ? `${Math.round(100 * part)} %` : ""});
      if (row.faces) cell.style.background = `linear-gradient(90deg, ${data.colours[k]}55 ${100 * part}%, transparent 0)`;
      return cell;
    });
    return make("tr", {className: row.failed ? "failed" : ""}, name,
      make("td", {textContent: row.kind === "picture" || row.failed ? "" : clock(row.duration_s)}),
      make("td", {textContent: row.failed ? "" : row.faces}), ...cells,
      make("td", {className: "name", textContent: row.note || ""}));
  }

  function fill() {
    const words = byId("words").value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = data.rows.filter((row) => (!byId("failures").checked || row.note || row.failed) &&
      words.every((word) => `${row.name} ${row.note || ""} ${row.kind}`.toLowerCase().includes(word)));
    const value = columns[sorted.column].of, sign = sorted.up ? 1 : -1;
    found.sort((a, b) => { const [x, y] = [value(a), value(b)]; return sign * (typeof x === "string" ? x.localeCompare(y, undefined, {numeric: true}) : x - y); });
    body.replaceChildren(...found.slice(0, limit).map(line));
    heads.forEach((head, k) => head.setAttribute("aria-sort", k !== sorted.column ? "none" : sorted.up ? "ascending" : "descending"));
    byId("count").textContent = `${found.length} of ${data.rows.length}`;
    byId("more").hidden = found.length <= limit;
  }
  byId("words").addEventListener("input", fill);
  byId("failures").addEventListener("change", fill);
  byId("more").addEventListener("click", () => { limit += AT_ONCE; fill(); });
  fill();

  // --- groups ---------------------------------------------------------------------------------
  const SVG = "http://www.w3.org/2000/svg";
  const draw = (name, attributes, text) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const groups = [...new Set(data.bars.map((bar) => bar.group))];
  if (groups.length > 0) {
    const [left, height, step] = [50, 150, 18], each = data.labels.length * step + 24;
    const svg = draw("svg", {width: left + groups.length * each, height: height + 50, role: "img",
      "aria-label": "Share of each label in each group"});
    for (const tick of [0, 0.5, 1]) {
      const y = 10 + height * (1 - tick);
      svg.append(draw("line", {x1: left, x2: left + groups.length * each, y1: y, y2: y, class: "grid"}),
        draw("text", {x: left - 6, y: y + 4, "text-anchor": "end"}, `${100 * tick} %`));
    }
    groups.forEach((group, g) => {
      const x0 = left + g * each + 12;
      svg.append(draw("text", {x: x0, y: height + 30}, group));
      for (const bar of data.bars.filter((b) => b.group === group)) {
        const k = data.labels.indexOf(bar.label), x = x0 + k * step, y = 10 + height * (1 - bar.share);
        const rect = draw("rect", {x, y, width: step - 4, height: height * bar.share, fill: data.colours[k], class: "share"});
        const ends = bar.low === null ? "" : ` (${(100 * bar.low).toFixed(1)} to ${(100 * bar.high).toFixed(1)})`;
        rect.append(draw("title", {}, `${group}: ${bar.label} ${(100 * bar.share).toFixed(1)} %${ends}`));
        svg.append(rect);
        if (bar.low !== null) {
          svg.append(draw("line", {x1: x + step / 2 - 2, x2: x + step / 2 - 2, y1: 10 + height * (1 - bar.high),
            y2: 10 + height * (1 - bar.low), class: "interval"}));
        }
      }
    });
    const key = make("p", {}, ...data.labels.flatMap((label, k) => {
      const swatch = make("span", {className: "key"});
      swatch.style.background = data.colours[k];
      return [swatch, label];
    }));
    byId("groups").append(make("h2", {textContent: "Groups"}), svg, key);
  }

  if (data.passed_over.length > 0) {
    byId("passed").append(make("h2", {textContent: "Passed over"}), make("ul", {},
      ...data.passed_over.map((one) => make("li", {textContent: `${one.path}: ${one.why}`}))));
  }
})();
