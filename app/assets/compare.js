// The layer over the pictures of a series: what is compared, the handle between two pictures, and their names. It
// follows the player by its event, and switches the other figure's renderers as the player does the first one's.

const GRIP = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M9.5 6.5 4 12l5.5 5.5zM14.5 6.5 20 12l-5.5 5.5z"/></svg>'
const MODES = {off: "Off", swipe: "Swipe", side: "Side by side"}
const STEPS = {ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1}

export function render({model, view}) {
  const life = life_of(view, model)
  const root = element("div", {class: "compare"})
  const bar = element("div", {class: "bar"})
  const modes = element("div", {class: "modes", role: "radiogroup", "aria-label": "Compare two months", title: "Compare two months (C)"})
  modes.append(element("span", {class: "word", "aria-hidden": "true"}, "Compare"))
  const radios = {}
  for (const [mode, words] of Object.entries(MODES)) {
    radios[mode] = element("input", {type: "radio", name: "mode", value: mode, "aria-label": words})
    const label = element("label", {class: "mode"})
    label.append(radios[mode], element("span", {"aria-hidden": "true"}, words))
    modes.append(label)
  }
  const choice = element("label", {class: "choice"}, "<span aria-hidden=\"true\">with</span>")
  const against = element("select", {class: "against", "aria-label": "Other month"})
  choice.append(against)
  bar.append(modes, choice)
  const [left, right] = ["left", "right"].map((side) => element("div", {class: `side ${side}`}, '<div class="name"></div>'))
  const handle = element("div", {class: "handle", role: "slider", tabindex: 0, "aria-label": "Border between the two months",
    "aria-orientation": "horizontal", "aria-valuemin": 0, "aria-valuemax": 100}, `<div class="grip">${GRIP}</div>`)
  root.append(bar, left, right, handle)

  const stage = view.parent.el
  let shown = null // what the player last told
  let at = 0.5
  let last = "swipe"
  let edges = {left: 0, right: 0}
  const known = new WeakSet()
  const sharpened = (globalThis.stacTimelapseSharpened ??= new WeakSet()) // for good, whoever draws this

  const named = (name) => (name ? view.model.document?.get_model_by_name(name) ?? null : null)
  const entry_of = (month) => model.months.find((one) => one.month === month) ?? null
  const on = () => model.mode !== "off" && named(model.other) != null

  // The other figure shares the ranges of the first, whose map alone keeps their aspect when the window changes: if both
  // did, each change would count twice. And whoever moves the other has moved the first.
  function lead(other) {
    if (known.has(other)) {
      return
    }
    known.add(other)
    life.follow(other, other.properties.inner_width.change, show) // it has a view now
    for (const {tile_source} of other.renderers) {
      if (tile_source != null) {
        tile_source.rescale = tile_source.snap_to_zoom_level = (extent) => extent
      }
    }
    for (const gesture of ["panstart", "wheel", "pinchstart"]) {
      other.on_event(gesture, () => moved.add(named(model.figure)))
    }
  }

  // At rest the first figure has its picture at full resolution, with its pixels as squares where they are large. So has
  // the other then, of what it has.
  const sharp = () => named(model.figure)?.renderers.find((one) => one.tags.includes("full-picture"))?.visible === true
  function sharpen(other) {
    const renderer = other.renderers.find((one) => one.visible && one.name?.startsWith("other:"))
    const picture = renderer == null ? null : view.parent.views.find_one(renderer)
    const glyph = picture?.glyph
    if (glyph != null && !sharpened.has(glyph)) {
      sharpened.add(glyph)
      const paint = glyph.paint.bind(glyph)
      glyph.paint = (ctx, ...rest) => {
        const smooth = !sharp() || glyph.sw?.[0] < glyph.image?.[0]?.naturalWidth
        glyph.drawn_sharp = !smooth
        ctx.save()
        ctx.imageSmoothingEnabled = smooth
        paint(ctx, ...rest)
        ctx.restore()
      }
    }
    if (glyph != null && glyph.drawn_sharp !== sharp()) {
      picture.request_paint()
    }
  }

  // How far the pictures lie from the edges of their figure, as CSS for the handle and the names. Bokeh throws when a
  // size is asked for that the layout has not set yet.
  function measure(first) {
    const sizes = ["outer_width", "inner_width", "outer_height", "inner_height"].map((name) => first.properties[name])
    if (!known.has(first)) {
      known.add(first)
      sizes.forEach(({change}) => life.follow(first, change, () => measure(first)))
    }
    if (sizes.every((size) => !size.is_unset && size.get_value() > 0) && first.name === model.figure) {
      const [width, inner_width, height, inner_height] = sizes.map((size) => size.get_value())
      const {min_border_top: top, min_border_right: right} = first
      edges = {left: width - inner_width - right, right}
      const lengths = {...edges, top, bottom: height - inner_height - top}
      for (const [name, length] of Object.entries(lengths)) {
        stage.style.setProperty(`--frame-${name}`, `${length}px`)
      }
    }
  }

  // The other month beside a month: its entry, or why there is none.
  function partner(entry) {
    const moves = {year: [entry.year, entry.no_year], before: [entry.before, entry.no_before]}[model.against]
    const found = entry_of(moves == null ? model.against : moves[0])
    return [found, found == null ? moves?.[1] ?? "" : found.note || found.label]
  }

  // A year before, if there is one; else the first other month that is finished.
  function choose(entry) {
    const moving = model.choices.map(([value]) => value)
    if (moving.includes(model.against) || entry_of(model.against) != null) {
      return
    }
    const earlier = moving.includes("year") ? entry_of(entry.year) : null
    const first = model.months.find((one) => one.state === "ready" && one !== entry) ?? entry
    model.against = earlier != null && earlier.state !== "waiting" ? "year" : first.month
  }

  function show() {
    radios[model.mode].checked = true
    const entry = shown?.figure === model.figure ? entry_of(shown.month) : null
    const [first, other] = [named(model.figure), named(model.other)]
    const mode = on() && entry != null ? model.mode : "off"
    if (stage.dataset.compare !== mode) {
      stage.dataset.compare = root.dataset.mode = mode
      view.parent.invalidate_layout() // Bokeh does not see by itself that the figures have another size
    }
    if (other != null && other.visible !== (mode !== "off")) {
      other.setv({visible: mode !== "off"}, {sync: false}) // else it would be painted for nobody
    }
    choice.hidden = model.mode === "off"
    if (entry == null) {
      return
    }
    if (first != null) {
      measure(first)
    }
    right.firstChild.textContent = mode === "off" ? entry.note : entry.note || entry.label
    if (mode === "off") {
      return
    }
    lead(other)
    choose(entry)
    against.value = model.against
    const [found, words] = partner(entry)
    for (const renderer of other.renderers) {
      const visible = found != null && renderer.name === `other:${found.month}`
      if (renderer.name?.startsWith("other:") && renderer.visible !== visible) {
        renderer.setv({visible}, {sync: false})
      }
    }
    left.firstChild.textContent = words
    sharpen(other)
    tell()
  }

  function tell() {
    const [one, two] = [left, right].map((side) => side.firstChild.textContent)
    handle.setAttribute("aria-valuenow", String(Math.round(at * 100)))
    handle.setAttribute("aria-valuetext", `${Math.round(at * 100)} %. Left: ${one}. Right: ${two}`)
  }

  function move(to) {
    at = Math.min(Math.max(to, 0), 1)
    stage.style.setProperty("--compare-at", String(at))
    tell()
  }

  function offer() {
    const group = element("optgroup", {label: "Always the same"})
    for (const {month, label} of model.months) {
      group.append(new Option(label, month))
    }
    against.replaceChildren(...model.choices.map(([value, words]) => new Option(words, value)), group)
    against.value = model.against
    show()
  }

  function set_mode(mode) {
    if (mode === "off" && root.contains(view.shadow_el.activeElement)) {
      radios.off.focus() // the handle and the list go away
    }
    model.mode = mode
  }

  // Where the pictures are, without the degrees beside them: pixels from the left of the window.
  const span = () => {
    const {left: start, width} = root.getBoundingClientRect()
    return [start + edges.left, width - edges.left - edges.right]
  }
  let grabbed = null
  handle.addEventListener("pointerdown", (event) => {
    if (event.button === 0) {
      const [from, width] = span()
      grabbed = event.clientX - (from + at * width)
      handle.setPointerCapture(event.pointerId)
      handle.focus({preventScroll: true})
      event.preventDefault()
    }
  })
  handle.addEventListener("pointermove", (event) => {
    if (grabbed != null) {
      const [from, width] = span()
      move((event.clientX - grabbed - from) / width)
    }
  })
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    handle.addEventListener(end, () => { grabbed = null })
  }
  handle.addEventListener("keydown", (event) => {
    if (STEPS[event.key] != null && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault()
      move(at + STEPS[event.key])
    }
  })
  for (const [mode, radio] of Object.entries(radios)) {
    radio.addEventListener("change", () => set_mode(mode))
  }
  against.addEventListener("change", () => { model.against = against.value })

  const on_key = (event) => {
    const target = event.composedPath()[0]
    const typing = "input:not([type=radio], [type=range], [type=checkbox]), textarea, select, [contenteditable=true]"
    const free = !(event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented)
    if (!root.isConnected || root.offsetParent == null || !free || target.matches?.(typing)) {
      return
    }
    if (event.key === "Escape" && model.mode !== "off") {
      set_mode("off")
    } else if (event.key.toLowerCase() === "c") {
      set_mode(model.mode === "off" ? last : "off")
    }
  }
  life.listen(window, "keydown", on_key)
  life.at_end(months_on_air.on("shown", (told) => {
    shown = told
    show()
  }))
  model.on("mode", () => {
    last = model.mode === "off" ? last : model.mode
    show()
  })
  model.on(["other", "figure", "against"], show)
  model.on(["months", "choices"], offer)
  move(at)
  offer()
  months_on_air.ask()
  return root
}
