"use strict";
// The page of one clip: what was found in it, drawn by Bokeh, beside the annotated video.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const WHOLE = 65535, BAND = [-0.16, -0.04], QUALITY = [-0.46, -0.22], UNCERTAIN = "#9ea0a4";
  const DASHES = ["solid", [6, 3], [2, 3], "solid", [8, 3, 2, 3], [4, 2], [1, 3], [10, 4]];
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const clock = (s) => `${Math.floor(s / 60)}:${(s % 60).toFixed(2).padStart(5, "0")}`;

  const people = data.people.map((raw) => {
    const times = new Float32Array(bytes(raw.times).buffer);
    const all = new Uint16Array(bytes(raw.probabilities).buffer);
    const n = times.length;
    return {
      track: raw.track, moments: raw.moments, times, n,
      probabilities: data.labels.map((_, k) => all.subarray(k * n, (k + 1) * n)),
      label: bytes(raw.label), uncertain: bytes(raw.uncertain),
      quality: new Uint16Array(bytes(raw.quality).buffer),
    };
  });
  const first = data.figures.first_s, last = first + data.figures.duration_s;
  const range = {start: first, end: last};  // of all plots; each has a model of its own in step with it
  const shown = data.labels.map(() => true);
  const plots = [];
  let now = first, film = null;

  // --- the head of the page -------------------------------------------------------------------
  byId("name").textContent = data.name;
  const faces = data.figures.tracks.length;
  byId("about").textContent = `${clock(data.figures.duration_s)} long, ${data.figures.frames} frames, ` +
    `${faces} ${faces === 1 ? "face" : "faces"}` +
    (data.step > 1 ? `; every ${data.step}th frame is drawn here, the table has all` : "") +
    (data.hidden > 0 ? `; ${data.hidden} faces that were seen for less time are in the table only` : "");
  if (data.figures.neutral) {
    const from = data.figures.neutral;
    const where = {beginning: `in its first ${from.seconds} s`, median: "for most of the clip", file: `in ${from.file}`};
    byId("about").textContent += `; taken out: what each face says at rest, ${where[from.from]}`;
  }
  byId("notes").append(...data.notes.map((note) => make("li", {textContent: note})));

  if (data.video === null) {
    byId("film").append(make("p", {textContent: "There is no annotated video."}));
  } else {
    film = make("video", {src: data.video, controls: true, preload: "auto", muted: false});
    film.setAttribute("aria-label", "Annotated video");
    const follow = () => { setTime(film.currentTime + data.start_s, false); };
    film.addEventListener("timeupdate", follow);
    film.addEventListener("seeked", follow);
    const run = () => { if (!film.paused) { follow(); requestAnimationFrame(run); } };
    film.addEventListener("play", run);
    film.addEventListener("error", () => byId("film").append(
      make("p", {textContent: `${decodeURIComponent(data.video)} cannot be played; keep it beside this page.`})));
    byId("film").append(film);
  }

  // Where the table is narrow its style lays each row out as a list, which would end its being a
  // table to screen readers if the roles were not written out.
  const table = byId("seconds");
  const heads = ["face", "seen", ...data.labels, "uncertain"];
  const cell = (name, role, text, more = {}) => {
    const made = make(name, {textContent: text, role, ...more});
    made.dataset.head = more.head || "";
    return made;
  };
  table.role = "table";
  table.append(make("thead", {role: "rowgroup"}, make("tr", {role: "row"},
    ...heads.map((h) => cell("th", "columnheader", h, {scope: "col"})))));
  table.append(make("tbody", {role: "rowgroup"}, ...data.figures.tracks.map((track) => {
    const seconds = data.labels.map((label) => track.seconds[label]);
    const values = [seconds.reduce((a, b) => a + b, 0), ...seconds, track.uncertain_s];
    return make("tr", {role: "row"}, cell("th", "rowheader", track.track, {scope: "row", head: heads[0]}),
      ...values.map((v, k) => cell("td", "cell", v.toFixed(1), {head: heads[k + 1]})));
  })));

  // --- time -----------------------------------------------------------------------------------
  const slider = byId("time");
  Object.assign(slider, {min: first, max: last, step: 0.01, value: first});
  slider.addEventListener("input", () => setTime(Number(slider.value), true));

  function setTime(time, seek) {
    now = Math.min(last, Math.max(first, time));
    slider.value = now;
    byId("clock").textContent = clock(now);
    slider.setAttribute("aria-valuetext", clock(now));
    if (seek && film !== null) film.currentTime = Math.max(0, now - data.start_s);
    for (const plot of plots) plot.moveHead();
  }

  function zoom(factor) {
    const half = (range.end - range.start) / 2 * factor;
    if (factor > 1 && 2 * half >= last - first) { show(first, last); return; }
    const centre = Math.min(last - half, Math.max(first + half, now));
    show(centre - half, centre + half);
  }

  function show(start, end) {
    if (range.start === start && range.end === end) return;
    Object.assign(range, {start, end});
    for (const plot of plots) {
      if (plot.range && (plot.range.start !== start || plot.range.end !== end)) plot.range.setv({start, end});
      plot.moveHead();
    }
  }
  byId("closer").addEventListener("click", () => zoom(0.5));
  byId("wider").addEventListener("click", () => zoom(2));
  byId("whole").addEventListener("click", () => show(first, last));

  // --- one row a person -----------------------------------------------------------------------
  const nearest = (times, time) => {
    let low = 0, high = times.length - 1;
    while (high - low > 1) { const mid = (low + high) >> 1; if (times[mid] > time) high = mid; else low = mid; }
    return Math.abs(times[low] - time) <= Math.abs(times[high] - time) ? low : high;
  };

  function gapOf(times) {
    const steps = Array.from(times.subarray(1, 200), (t, k) => t - times[k]).sort((a, b) => a - b);
    return 4 * (steps[steps.length >> 1] || 0.1) + 0.05;
  }

  function columnsOf(person) {
    // A break in the line where the face was away: one point that is no number.
    const gap = gapOf(person.times), time = [], at = [];
    for (let k = 0; k < person.n; k++) {
      if (k > 0 && person.times[k] - person.times[k - 1] > gap) { time.push(person.times[k - 1]); at.push(-1); }
      time.push(person.times[k]); at.push(k);
    }
    const columns = {time: Float64Array.from(time)};
    data.labels.forEach((_, label) => {
      columns[`p${label}`] = Float64Array.from(at, (k) => k < 0 ? NaN : person.probabilities[label][k] / WHOLE);
    });
    columns.quality = Float64Array.from(at, (k) => k < 0 ? NaN :
      QUALITY[0] + (QUALITY[1] - QUALITY[0]) * person.quality[k] / WHOLE);
    return columns;
  }

  function runsOf(person) {
    const gap = gapOf(person.times), runs = [];
    for (let k = 0; k < person.n; k++) {
      const end = k + 1 < person.n ? person.times[k + 1] : person.times[k] + gap / 4;
      const run = runs[runs.length - 1];
      const until = end - person.times[k] > gap ? person.times[k] + gap / 4 : end;
      if (run && run.label === person.label[k] && run.uncertain === person.uncertain[k] &&
          person.times[k] - run.right < gap / 4) run.right = until;
      else runs.push({left: person.times[k], right: until, label: person.label[k], uncertain: person.uncertain[k]});
    }
    return runs;
  }

  // Plots are drawn one after the other, and each is seen before the next one is begun.
  let drawing = Promise.resolve();
  function soon(draw) {
    drawing = drawing.then(draw).then(() => new Promise((done) => { setTimeout(done, 0); }));
  }

  class Plot {
    constructor(person) {
      this.person = person;
      this.readout = make("output", {});
      this.area = make("div", {className: "plot"});
      this.head = make("div", {className: "head", hidden: true});
      const section = make("section", {className: "person"},
        make("header", {}, make("h2", {textContent: `Face ${person.track}`}), this.readout), this.area, this.moments());
      section.setAttribute("aria-label", `Face ${person.track}`);
      byId("people").append(section);
      this.view = null;
      new IntersectionObserver((seen, observer) => {
        if (seen.some((entry) => entry.isIntersecting)) { observer.disconnect(); soon(() => this.draw()); }
      }, {rootMargin: "200px"}).observe(section);
    }

    moments() {
      return make("div", {className: "moments"}, ...this.person.moments.map((moment) => {
        const text = `${moment.label} ${moment.strength.toFixed(2)} at ${clock(moment.time_s)}`;
        const button = make("button", {type: "button"},
          make("img", {src: `data:image/jpeg;base64,${moment.picture}`, alt: ""}), make("span", {textContent: text}));
        button.addEventListener("click", () => setTime(moment.time_s, true));
        return button;
      }));
    }

    async draw() {
      this.range = new Bokeh.Range1d({...range, bounds: [first, last], min_interval: 0.2});
      this.range.change.connect(() => show(this.range.start, this.range.end));
      const figure = Bokeh.Plotting.figure({
        height: 270, sizing_mode: "stretch_width", x_range: this.range, toolbar_location: null,
        y_range: new Bokeh.Range1d({start: -0.5, end: 1.02}), tools: "xpan",
        background_fill_color: "#16171b", border_fill_color: "#16171b", outline_line_color: "#3a3d45",
        min_border_right: 12,
      });
      const axis = figure.left[0];
      axis.ticker = new Bokeh.FixedTicker({ticks: [(QUALITY[0] + QUALITY[1]) / 2, (BAND[0] + BAND[1]) / 2, 0, 0.5, 1]});
      axis.major_label_overrides = new Map([
        [(QUALITY[0] + QUALITY[1]) / 2, "quality"], [(BAND[0] + BAND[1]) / 2, "label"], [0, "0"], [0.5, "0.5"], [1, "1"]]);
      for (const each of [axis, figure.below[0]]) {
        each.setv({major_label_text_color: "#b4b8c0", axis_line_color: "#3a3d45", major_tick_line_color: "#3a3d45", minor_tick_line_color: null});
      }
      figure.below[0].axis_label = "seconds";
      figure.below[0].axis_label_text_color = "#b4b8c0";
      for (const grid of figure.center) if (grid.grid_line_color !== undefined) grid.grid_line_color = "#2b2e35";
      const source = new Bokeh.ColumnDataSource({data: columnsOf(this.person)});
      this.lines = data.labels.map((_, k) => figure.line({field: "time"}, {field: `p${k}`}, {
        source, line_color: data.colours[k], line_width: 2, line_dash: DASHES[k % DASHES.length], visible: shown[k]}));
      figure.line({field: "time"}, {field: "quality"}, {source, line_color: "#d8dade", line_width: 1.5});
      // One renderer a colour: a colour or a pattern for each run of a label would be made run by run.
      const runs = runsOf(this.person);
      const band = (some, fill, hatch) => {
        if (some.length === 0) return;
        figure.quad({field: "left"}, {field: "right"}, BAND[0], BAND[1], {
          source: new Bokeh.ColumnDataSource({data: {
            left: Float64Array.from(some, (r) => r.left), right: Float64Array.from(some, (r) => r.right)}}),
          fill_color: fill, line_color: null, ...hatch,
        });
      };
      data.labels.forEach((_, k) => band(runs.filter((r) => !r.uncertain && r.label === k), data.colours[k], {}));
      band(runs.filter((r) => r.uncertain), UNCERTAIN, {hatch_pattern: "right_diagonal_line", hatch_color: "#16171b"});
      this.view = await Bokeh.Plotting.show(figure, this.area);
      this.area.append(this.head);
      this.area.addEventListener("click", (event) => {
        const time = this.view.frame.x_scale.invert(event.clientX - this.area.getBoundingClientRect().left);
        if (time >= range.start && time <= range.end) setTime(time, true);
      });
      new ResizeObserver(() => setTimeout(() => this.moveHead(), 100)).observe(this.area);
      this.moveHead();
    }

    moveHead() {
      const k = nearest(this.person.times, now), away = Math.abs(this.person.times[k] - now) > gapOf(this.person.times);
      const label = data.labels[this.person.label[k]];
      this.readout.textContent = away ? "not seen" : `${label}${this.person.uncertain[k] ? "?" : ""} ` +
        `${(this.person.probabilities[this.person.label[k]][k] / WHOLE).toFixed(2)}, quality ${(this.person.quality[k] / WHOLE).toFixed(2)}`;
      if (this.view === null) return;
      this.head.hidden = now < range.start || now > range.end;
      this.head.style.left = `${this.view.frame.x_scale.compute(now)}px`;
    }
  }

  // --- which lines ----------------------------------------------------------------------------
  const NAMES = {solid: "solid"};
  data.labels.forEach((label, k) => {
    const box = make("input", {type: "checkbox", checked: true});
    box.addEventListener("change", () => {
      shown[k] = box.checked;
      for (const plot of plots) if (plot.lines) plot.lines[k].visible = shown[k];
    });
    const dash = DASHES[k % DASHES.length];
    const mark = make("i");
    mark.style.borderTopColor = data.colours[k];
    mark.style.borderTopStyle = NAMES[dash] || (dash[0] < 3 ? "dotted" : "dashed");
    byId("labels").append(make("label", {}, box, make("span", {className: "swatch"}, mark), label));
  });

  // --- exports --------------------------------------------------------------------------------
  function save(blob, ending) {
    const link = make("a", {href: URL.createObjectURL(blob), download: `${data.name}.shown.${ending}`});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  byId("csv").addEventListener("click", () => {
    const columns = data.labels.filter((_, k) => shown[k]);
    const lines = [["time_s", "track", "label", "uncertain", "quality", ...columns.map((l) => `probability_${l}`)].join(",")];
    for (const person of people) for (let k = 0; k < person.n; k++) {
      const time = person.times[k];
      if (time < range.start || time > range.end) continue;
      const cells = data.labels.flatMap((_, l) => shown[l] ? [(person.probabilities[l][k] / WHOLE).toFixed(4)] : []);
      lines.push([time.toFixed(3), person.track, data.labels[person.label[k]], person.uncertain[k],
        (person.quality[k] / WHOLE).toFixed(4), ...cells].join(","));
    }
    save(new Blob([lines.join("\n") + "\n"], {type: "text/csv"}), "csv");
  });

  byId("png").addEventListener("click", () => {
    const drawn = plots.filter((plot) => plot.view !== null).map((plot) => plot.view.export("png", true).canvas);
    if (drawn.length === 0) return;
    const whole = make("canvas", {width: Math.max(...drawn.map((c) => c.width)), height: drawn.reduce((h, c) => h + c.height, 0)});
    let y = 0;
    for (const canvas of drawn) { whole.getContext("2d").drawImage(canvas, 0, y); y += canvas.height; }
    whole.toBlob((blob) => save(blob, "png"));
  });

  for (const person of people) plots.push(new Plot(person));
  setTime(first, false);
})();
