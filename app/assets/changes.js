// The choices of the map of changes, its legend by month, and its file. A click on a month goes there in the player; how
// opaque the map is changes here. Only a choice reaches the server.

const KINDS = {largest: "When it changed", difference: "Two months"}
const ON_DISPLAY = "shown"

// What is shown may be a name out of a file.
function worded(tag, attributes, words) {
  const made = element(tag, attributes)
  made.textContent = words
  return made
}

function labelled(words, control, attributes = {}) {
  const label = element("label", {class: "field", ...attributes})
  label.append(worded("span", {}, words), control)
  return label
}

export function render({model, view}) {
  const life = life_of(view, model)
  const root = element("div", {class: "changes", role: "group", "aria-label": "Changes"})
  const kinds = element("div", {class: "kinds", role: "radiogroup", "aria-label": "Kind of map"})
  const radios = {}
  for (const [kind, words] of Object.entries(KINDS)) {
    radios[kind] = element("input", {type: "radio", name: "kind", value: kind, "aria-label": words})
    const label = element("label", {class: "kind"})
    label.append(radios[kind], worded("span", {"aria-hidden": "true"}, words))
    kinds.append(label)
  }
  const quantity = element("select", {"aria-label": "Index"})
  const rise = element("select", {"aria-label": "Drop or rise"}, '<option value="drop">drop</option><option value="rise">rise</option>')
  const earlier = element("select", {"aria-label": "Earlier month"})
  const later = element("select", {"aria-label": "Later month"})
  const slider = element("input", {type: "range", min: 0.05, max: 1, step: 0.01, "aria-label": "Smallest change that counts"})
  const number = element("input", {type: "number", min: 0.05, max: 1, step: 0.01, "aria-label": "Smallest change, as a number"})
  const lasting = element("input", {type: "checkbox"})
  const last = element("label", {class: "check only-largest", title: "It is still there at the next clear look, so no cloud or flood that came and went"})
  last.append(lasting, worded("span", {}, "lasting"))
  const least = labelled("by at least", slider)
  least.append(number)
  const pair = element("span", {class: "pair only-difference"})
  pair.append(earlier, worded("span", {"aria-hidden": "true"}, "\u2192"), later)
  const choices = element("div", {class: "choices"})
  const way = element("span", {class: "only-largest"})
  way.append(rise)
  choices.append(kinds, quantity, way, pair, least, last)

  const legend = element("ol", {class: "legend", "aria-label": "Changed ground by month"})
  const ramp = element("div", {class: "ramp"})
  const note = element("p", {class: "note", role: "status"})
  const opacity = element("input", {type: "range", min: 0, max: 100, step: 5, "aria-label": "Opacity of the map of changes"})
  const save = worded("a", {class: "save", download: ""}, "Save GeoTIFF")
  const ends = element("div", {class: "ends"})
  ends.append(labelled("Opacity", opacity, {title: "How much of the picture the map of changes hides"}), save)
  const result = element("div", {class: "result"})
  result.append(legend, ramp, ends)
  root.append(choices, result, note)

  let wishes = Date.now()
  let mine = null // of the last choice made here: an answer to one before it must not turn it back
  let shown = ""

  function wish() {
    const value = Math.min(Math.max(Number(number.value) || Number(slider.value), 0.05), 1)
    number.value = slider.value = String(value)
    wishes += 1
    mine = wishes
    model.wish = {
      kind: radios.difference.checked ? "difference" : "largest", quantity: quantity.value, least: value,
      rise: rise.value === "rise", lasting: lasting.checked, earlier: earlier.value, later: later.value, number: mine,
    }
    root.dataset.kind = model.wish.kind
  }

  function offer() {
    quantity.replaceChildren(...model.options.map(([name, title, built]) => {
      const option = new Option(built ? title : `${title} \u2013 not built`, name)
      option.disabled = !built
      return option
    }))
    quantity.title = model.options.some(([, , built]) => !built) ? "What was not built needs other bands: choose it as the picture in step 3, and build again" : ""
    const all = () => model.months.map(([month, words]) => new Option(words, month))
    earlier.replaceChildren(...all())
    later.replaceChildren(new Option("Month on display", ON_DISPLAY), ...all())
    choose()
  }

  function choose() {
    const chosen = model.chosen
    if (chosen.kind == null || (mine != null && chosen.number !== mine)) {
      return
    }
    radios[chosen.kind].checked = true
    root.dataset.kind = chosen.kind
    quantity.value = chosen.quantity
    rise.value = chosen.rise ? "rise" : "drop"
    slider.value = String(chosen.least)
    number.value = String(chosen.least)
    lasting.checked = chosen.lasting
    earlier.value = chosen.earlier
    later.value = chosen.later
  }

  function list() {
    legend.replaceChildren(...model.legend.map((one) => {
      const item = element("li")
      const button = element("button", {type: "button", "data-month": one.month, title: `Go to ${one.label}`, "aria-label": `${one.label}: ${one.size} changed. Go there`})
      const bar = element("span", {class: "bar", "aria-hidden": "true"})
      const fill = element("i")
      fill.style.background = one.colour
      fill.style.height = `${Math.max(8, Math.round(100 * one.share))}%`
      bar.append(fill)
      const words = element("span", {class: "words"})
      words.append(worded("b", {}, one.brief), worded("span", {}, one.size))
      button.append(bar, words)
      button.addEventListener("click", () => months_on_air.go(one.month))
      item.append(button)
      return item
    }))
    const colours = model.ramp.slice(1, -1)
    const strip = element("i", {"aria-hidden": "true"})
    strip.style.background = colours.length > 0 ? `linear-gradient(90deg, ${colours.join(", ")})` : ""
    ramp.replaceChildren(worded("span", {}, `fell ${model.ramp[0] ?? ""}`), strip, worded("span", {}, `rose ${model.ramp.at(-1) ?? ""}`))
    ramp.hidden = colours.length === 0
    legend.hidden = model.legend.length === 0
    const most = model.legend.reduce((found, one) => (found == null || one.share > found.share ? one : found), null)
    reveal(legend.querySelector(`[data-month="${most?.month}"]`))
    mark()
  }

  // Only the list is scrolled, never the page around it.
  function reveal(button) {
    if (button != null) {
      const {left, width} = button.getBoundingClientRect()
      const frame = legend.getBoundingClientRect()
      if (left < frame.left || left + width > frame.right) {
        legend.scrollLeft += left + width / 2 - frame.left - frame.width / 2
      }
    }
  }

  function mark() {
    for (const button of legend.querySelectorAll("button")) {
      const on = button.dataset.month === shown
      button.ariaCurrent = on ? "true" : null
      if (on) {
        reveal(button)
      }
    }
  }

  function tell() {
    note.textContent = model.note
    note.title = model.note
    root.classList.toggle("busy", model.busy)
    result.hidden = model.file === ""
    if (model.file !== "") {
      save.href = model.file
    } else {
      save.removeAttribute("href")
    }
  }

  // What the map's renderers are called is known to views/picture_layers.py.
  function fade() {
    for (const name of [model.figure, `${model.figure}-other`]) {
      const figure = view.model.document?.get_model_by_name(name)
      const found = figure?.renderers.find((one) => one.name === "changes")
      found?.glyph.setv({global_alpha: Number(opacity.value) / 100}, {sync: false})
    }
  }

  opacity.value = String(Math.round(100 * model.opacity))
  opacity.addEventListener("input", fade)
  opacity.addEventListener("change", () => { model.opacity = Number(opacity.value) / 100 })
  slider.addEventListener("input", () => { number.value = slider.value })
  slider.addEventListener("change", wish)
  number.addEventListener("change", wish)
  for (const control of [quantity, rise, earlier, later, lasting, ...Object.values(radios)]) {
    control.addEventListener("change", wish)
  }
  life.at_end(months_on_air.on("shown", ({month}) => {
    if (month !== shown) {
      shown = month
      mark()
    }
  }))
  model.on(["options", "months"], offer)
  model.on("chosen", choose)
  model.on(["legend", "ramp"], list)
  model.on(["note", "busy", "file"], tell)
  offer()
  list()
  tell()
  months_on_air.ask()
  return root
}
