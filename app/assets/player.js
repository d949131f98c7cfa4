// The player: play, step, scrub and the strip of months. It shows a month by switching renderers that the
// browser already has; the server only hears where the slider comes to rest.

const PLAY = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5.5v13l11-6.5z"/></svg>'
const PAUSE = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6.5 5h4v14h-4zM13.5 5h4v14h-4z"/></svg>'
const BACK = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6h2.2v12H6zM18 6v12l-8.5-6z"/></svg>'
const NEXT = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M15.8 6H18v12h-2.2zM6 6v12l8.5-6z"/></svg>'
const SPEEDS = [1, 2, 4, 8, 15, 30]
const TURNS = {loop: "Loop", back: "There and back", once: "Once"}
// How much longer the last month is shown, in milliseconds.
const HELD = 900

function element(tag, attributes = {}, html = "") {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value)
  }
  made.innerHTML = html
  return made
}

export function render({model, view}) {
  const root = element("div", {class: "player", role: "group", "aria-label": "Timelapse player"})
  const caption = element("div", {class: "caption", "aria-live": "off"})
  const title = element("span", {class: "title"})
  const detail = element("span", {class: "detail"})
  const legend = element("span", {class: "legend"})
  const ramp = element("span", {class: "ramp", "aria-hidden": "true"})
  const picture = element("span")
  const [low, high] = [element("span"), element("span")]
  legend.append(picture, low, ramp, high)
  caption.append(title, detail, legend)

  const row = element("div", {class: "row"})
  const back = element("button", {class: "icon", type: "button", "aria-label": "Month before", title: "Month before (\u2190)"}, BACK)
  const play = element("button", {class: "icon play", type: "button", "aria-label": "Play", title: "Play (space)"}, PLAY)
  const next = element("button", {class: "icon", type: "button", "aria-label": "Next", title: "Next (\u2192)"}, NEXT)
  const track = element("div", {class: "track"})
  const strip = element("div", {class: "strip", "aria-hidden": "true"})
  const slider = element("input", {type: "range", class: "slider", min: 0, step: 1, "aria-label": "Month"})
  const speed = element("select", {class: "speed", "aria-label": "Speed", title: "Months a second"})
  for (const value of SPEEDS) {
    speed.append(element("option", {value}, `${value} / s`))
  }
  speed.value = String(model.speed)
  const turn = element("select", {class: "speed turn", "aria-label": "At the end", title: "What happens at the end"})
  for (const [value, words] of Object.entries(TURNS)) {
    turn.append(element("option", {value}, words))
  }
  track.append(strip, slider)
  row.append(back, play, next, track, turn, speed)
  root.append(caption, row)

  let index = 0
  let timer = null
  let way = 1
  let full = null
  let shaped = null

  const months = () => model.months
  const named = (name) => view.model.document?.get_model_by_name(name) ?? null
  const quietly = (target, values) => target?.setv(values, {sync: false})

  function paint() {
    const all = months()
    if (all.length === 0) {
      return
    }
    const shown = all[index]
    const figure = named(model.figure)
    for (const renderer of figure?.renderers ?? []) {
      const visible = renderer.name === `frame:${shown.month}`
      if (renderer.name?.startsWith("frame:") && renderer.visible !== visible) {
        quietly(renderer, {visible})
      }
    }
    watch_shape(figure)
    watch_full(figure)
    if (full != null) {
      const visible = full.name === `full:${shown.month}` && shown.state === "ready"
      if (full.visible !== visible) {
        quietly(full, {visible})
      }
    }
    const note = named(`${model.figure}-note`)
    if (note != null) {
      quietly(note, {text: shown.note ? ` ${shown.note} ` : "", visible: shown.note !== ""})
    }
    title.textContent = shown.label
    detail.textContent = shown.detail
    detail.title = shown.detail
    slider.value = String(index)
    slider.setAttribute("aria-valuetext", `${shown.label}, ${shown.detail}`)
    strip.querySelectorAll(".cell").forEach((cell, at) => cell.classList.toggle("on", at === index))
    root.dataset.month = shown.month
  }

  // Bokeh's tiles keep a metre as wide as it is high when the window changes, at the same scale, and do so while they
  // paint. What was all of the area before shall be all of it afterwards: it is fitted again, until the user moves.
  function watch_shape(figure) {
    if (figure == null || figure === shaped) {
      return
    }
    shaped = figure
    const {x_range: across, y_range: down} = figure
    const [west, south, east, north] = figure.tags
    let moved = false
    let later = null
    const fit = () => {
      // Bokeh throws when a size is asked for that the layout has not set yet.
      const {inner_width, inner_height} = figure.properties
      const [width, height] = [inner_width, inner_height].map((size) => (size.is_unset ? 0 : size.get_value()))
      if (moved || !(width > 0 && height > 0)) {
        return
      }
      const metres = Math.max((east - west) / width, (north - south) / height)
      const [x, y] = [(west + east) / 2, (south + north) / 2]
      if (Math.abs((across.end - across.start) / width - metres) > metres / 1000) {
        across.setv({start: x - metres * width / 2, end: x + metres * width / 2})
        down.setv({start: y - metres * height / 2, end: y + metres * height / 2})
      }
    }
    const soon = () => {
      clearTimeout(later)
      later = setTimeout(fit, 120)
    }
    for (const gesture of ["panstart", "wheel", "pinchstart"]) {
      figure.on_event(gesture, () => { moved = true })
    }
    for (const {change} of [figure.properties.inner_width, figure.properties.inner_height, across.properties.start]) {
      figure.connect(change, soon)
    }
    soon()
  }

  // The full-resolution view carries the month it shows in its name: it is only let through for that month.
  function watch_full(figure) {
    const found = figure?.renderers.find((one) => one.tags.includes("full-picture")) ?? null
    if (found != null && found !== full) {
      full = found
      full.connect(full.properties.name.change, paint)
    }
  }

  function explain() {
    const colours = model.ramp.slice(1, -1)
    picture.textContent = model.picture
    ramp.hidden = colours.length === 0
    ramp.style.background = colours.length > 0 ? `linear-gradient(90deg, ${colours.join(", ")})` : ""
    low.textContent = model.ramp[0] ?? ""
    high.textContent = model.ramp.at(-1) ?? ""
  }

  function rest() {
    const shown = months()[index]
    if (shown != null && model.rested !== shown.month) {
      // The server answers `rested` by making it `current`: said here first, so that a late answer does not
      // pull back a slider that has moved on.
      model.current = shown.month
      model.rested = shown.month
    }
  }

  function go(to, {resting = true} = {}) {
    const count = months().length
    if (count === 0) {
      return
    }
    index = (to + count) % count
    paint()
    if (resting) {
      rest()
    }
  }

  function stop() {
    if (timer != null) {
      clearTimeout(timer)
      timer = null
      play.innerHTML = PLAY
      play.setAttribute("aria-label", "Play")
      root.classList.remove("playing")
      rest()
    }
  }

  // The next month that has a picture, in the direction of play, or nothing at the end.
  function following() {
    const all = months()
    for (let at = index + way; at >= 0 && at < all.length; at += way) {
      if (all[at].state !== "waiting") {
        return at
      }
    }
    return null
  }

  function advance() {
    const all = months()
    let at = following()
    if (at == null && turn.value === "once") {
      stop()
      return
    }
    if (at == null && turn.value === "back") {
      way = -way
      at = following()
    } else if (at == null) {
      const shown = [...all.keys()].filter((one) => all[one].state !== "waiting")
      at = way > 0 ? shown[0] : shown.at(-1)
    }
    go(at, {resting: false})
    // The eye needs a moment at the end before all begins anew.
    const held = following() == null ? HELD : 0
    timer = setTimeout(advance, 1000 / Number(speed.value) + held)
  }

  function start(direction = 1) {
    if (timer == null && months().filter((one) => one.state !== "waiting").length > 1) {
      way = direction
      play.innerHTML = PAUSE
      play.setAttribute("aria-label", "Pause")
      root.classList.add("playing")
      if (following() == null && turn.value === "once") {
        index = way > 0 ? -1 : months().length
      }
      timer = 0
      advance()
    }
  }

  function rebuild() {
    const all = months()
    track.style.setProperty("--months", String(Math.max(all.length, 1)))
    slider.max = String(Math.max(all.length - 1, 0))
    const every = Math.max(1, Math.ceil(all.length / 24))
    strip.replaceChildren(...all.map((month, at) => {
      const cell = element("div", {class: `cell ${month.state}`, title: `${month.label}: ${month.detail}`})
      const bar = element("div", {class: "bar"})
      bar.style.height = `${Math.round(month.share * 100)}%`
      const well = element("div", {class: "well"})
      well.append(bar)
      const text = month.year || at % every === 0 ? month.tick : ""
      const tick = element("div", {class: month.year ? "tick year" : "tick"})
      tick.textContent = text
      cell.append(well, tick)
      return cell
    }))
    index = Math.min(index, Math.max(all.length - 1, 0))
    paint()
  }

  function jump() {
    const at = months().findIndex((one) => one.month === model.current)
    if (at >= 0 && timer == null) {
      index = at
      paint()
    }
  }

  const run = (direction) => { stop(); start(direction) }
  play.addEventListener("click", () => (timer == null ? start() : stop()))
  back.addEventListener("click", () => { stop(); go(index - 1) })
  next.addEventListener("click", () => { stop(); go(index + 1) })
  slider.addEventListener("input", () => { stop(); go(Number(slider.value), {resting: false}) })
  slider.addEventListener("change", rest)
  strip.addEventListener("click", (event) => {
    const cells = [...strip.children]
    const at = cells.findIndex((cell) => cell.contains(event.target))
    if (at >= 0) {
      stop()
      go(at)
    }
  })
  speed.addEventListener("change", () => {
    model.speed = Number(speed.value)
    if (timer != null) {
      run(way)
    }
  })
  // Keys work wherever the focus is, but in something that takes keys itself.
  const taken = "input, textarea, select, button, summary, a, [contenteditable=true], [role]"
  const act = {" ": () => play.click(), ArrowLeft: () => back.click(), ArrowRight: () => next.click(),
    Home: () => { stop(); go(0) }, End: () => { stop(); go(-1) }, j: () => run(-1), k: stop, l: () => run(1)}
  const on_key = (event) => {
    const target = event.composedPath()[0]
    const ours = target === slider && event.key === " "
    if (!root.isConnected || root.offsetParent == null || event.ctrlKey || event.metaKey || event.altKey) {
      return
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    if (act[key] != null && (ours || !target.matches?.(taken))) {
      event.preventDefault()
      act[key]()
    }
  }
  window.addEventListener("keydown", on_key)
  model.on("months", rebuild)
  model.on("figure", paint)
  model.on("current", jump)
  model.on("picture", explain)
  model.on("ramp", explain)
  model.on("remove", () => {
    clearTimeout(timer)
    window.removeEventListener("keydown", on_key)
  })
  explain()
  rebuild()
  jump()
  return root
}
