// The line above the chart: what is charted, the legend, and the table to save.

const MARKS = {
  circle: "M6 2a4 4 0 1 0 0 8a4 4 0 1 0 0-8z", square: "M2.5 2.5h7v7h-7z", triangle: "M6 1.6l4.6 8H1.4z",
  diamond: "M6 1l3.6 5L6 11 2.4 6z", inverted_triangle: "M6 10.4l4.6-8H1.4z", hex: "M6 1.2l4.2 2.4v4.8L6 10.8 1.8 8.4V3.6z",
  star: "M6 .8l1.5 3.6 3.9.3-3 2.5.9 3.8L6 9 2.7 11l.9-3.8-3-2.5 3.9-.3z",
}

// What is shown may be a name out of a file.
function worded(tag, attributes, words) {
  const made = element(tag, attributes)
  made.textContent = words
  return made
}

function swatch(line) {
  const dash = line.dash === "solid" ? "" : ' stroke-dasharray="4 3"'
  return `<svg viewBox="-9 0 30 12" aria-hidden="true"><path d="M-9 6h30" stroke="${line.colour}" stroke-width="2"${dash}/>` +
    `<path d="${MARKS[line.marker]}" fill="${line.colour}"/></svg>`
}

export function render({model}) {
  const root = element("div", {class: "line", role: "group", "aria-label": "Chart"})
  const choice = element("select", {class: "choice", "aria-label": "What is charted"})
  const legend = element("ul", {class: "legend", "aria-label": "Lines"})
  const note = element("span", {class: "note", role: "status"})
  const save = element("button", {type: "button", class: "save", title: "Save what is charted as a table"}, "Save CSV")
  root.append(choice, legend, note, save)

  let wishes = Date.now()
  const wish = (what, of = null) => {
    wishes += 1
    model.wish = {what, of, number: wishes}
  }

  function offer() {
    choice.replaceChildren(...model.options.map(([heading, some]) => {
      const group = element("optgroup")
      group.label = heading
      group.append(...some.map(([name, title]) => worded("option", {value: name}, title)))
      return group
    }))
    choice.value = model.chosen
  }

  function list() {
    legend.replaceChildren(...model.lines.map((line) => {
      const item = element("li", {title: line.name})
      item.innerHTML = swatch(line)
      item.append(worded("span", {}, line.name))
      if (line.clicked >= 0) {
        const away = element("button", {type: "button", "aria-label": `Remove ${line.name}`, title: "Remove"}, "\u00d7")
        away.addEventListener("click", () => wish("remove", line.clicked))
        item.append(away)
      }
      return item
    }))
  }

  function tell() {
    note.textContent = model.note
    note.title = model.note
    save.disabled = !model.savable
  }

  choice.addEventListener("change", () => wish("choose", choice.value))
  save.addEventListener("click", () => wish("save"))
  model.on("options", offer)
  model.on("chosen", () => { choice.value = model.chosen })
  model.on("lines", list)
  model.on("note", tell)
  model.on("savable", tell)
  offer()
  list()
  tell()
  return root
}
