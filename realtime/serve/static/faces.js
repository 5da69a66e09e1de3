// One card a face: its name and all probabilities.

export class Faces {
  constructor(box, look) { this.box = box; this.look = look; this.cards = new Map(); }

  show(faces, hint) {
    const seen = new Set(faces.map((face) => face.track));
    for (const [track, card] of this.cards) if (!seen.has(track)) { card.remove(); this.cards.delete(track); }
    for (const face of faces) {
      if (!this.cards.has(face.track)) this.cards.set(face.track, this.add(face));
      this.update(this.cards.get(face.track), face);
    }
    let empty = this.box.querySelector(".quiet");
    if (!faces.length && !empty) {
      empty = document.createElement("p"); empty.className = "quiet";
      this.box.append(empty);
    } else if (faces.length && empty) empty.remove();
    if (!faces.length) {
      const text = hint ? `${hint[0].toUpperCase()}${hint.slice(1)}.` : "Nobody is seen.";
      if (empty.textContent !== text) empty.textContent = text;
    }
  }

  add(face) {
    const card = document.createElement("article");
    card.className = "face";
    const title = document.createElement("h3"), tag = document.createElement("span"), number = document.createElement("span");
    tag.className = "tag"; number.className = "number"; number.textContent = `#${face.track}`;
    title.append(tag, number);
    const bars = document.createElement("div"); bars.className = "bars";
    for (const name of Object.keys(face.probabilities)) {
      const label = document.createElement("span"), bar = document.createElement("span"), value = document.createElement("span");
      const inner = document.createElement("i");
      label.textContent = name; bar.className = "bar"; value.className = "value"; value.dataset.name = name; inner.dataset.name = name;
      inner.style.background = this.look.labels.get(name)?.colour ?? this.look.uncertain;
      bar.append(inner); bars.append(label, bar, value);
    }
    const quality = document.createElement("p");
    quality.className = "quality";
    quality.title = "How far the picture of the face lets a label be trusted: its size, light, sharpness and turn";
    card.append(title, bars, quality); this.box.append(card);
    return card;
  }

  update(card, face) {
    const tag = card.querySelector(".tag"), look = this.look.labels.get(face.label);
    tag.textContent = `${face.label}${face.uncertain ? "?" : ""} ${Math.round(100 * face.confidence)} %`;
    tag.style.background = face.uncertain ? this.look.uncertain : look?.colour ?? this.look.uncertain;
    tag.style.color = face.uncertain ? "#101114" : look?.ink ?? "#101114";
    card.querySelector(".quality").textContent = face.quality == null ? "" : `Quality of the picture ${Math.round(100 * face.quality)} %`;
    for (const inner of card.querySelectorAll("i")) inner.style.width = `${100 * face.probabilities[inner.dataset.name]}%`;
    for (const value of card.querySelectorAll(".value")) value.textContent = `${Math.round(100 * face.probabilities[value.dataset.name])} %`;
  }
}
