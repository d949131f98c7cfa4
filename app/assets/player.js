// The player: play, step, scrub and the strip of months. It shows a month by switching renderers that the
// browser already has; the server only hears where the slider comes to rest.

const PLAY = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5.5v13l11-6.5z"/></svg>'
const PAUSE = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6.5 5h4v14h-4zM13.5 5h4v14h-4z"/></svg>'
const BACK = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6h2.2v12H6zM18 6v12l-8.5-6z"/></svg>'
const NEXT = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M15.8 6H18v12h-2.2zM6 6v12l8.5-6z"/></svg>'
const SPEEDS = [1, 2, 4, 8, 15, 30]
const TURNS = {loop: "Loop", back: "There and back", once: "Once"}
// Above this speed, in months a second, nothing fades: there is no time for it.
const FADE_LIMIT = 8
// After this time a wait for a picture is said, in milliseconds.
const PATIENCE = 300
// How much longer the last month is shown, in milliseconds.
const HELD = 900

export function render({model, view}) {
  const life = life_of(view, model)
  const root = element("div", {class: "player", role: "group", "aria-label": "Timelapse player"})
  const caption = element("div", {class: "caption", "aria-live": "off"})
  const title = element("span", {class: "title"})
  const detail = element("span", {class: "detail"})
  const legend = element("span", {class: "legend"})
  const ramp = element("span", {class: "ramp", "aria-hidden": "true"})
  const picture = element("span")
  const [low, high] = [element("span"), element("span")]
  const keys = element("span", {class: "keys"})
  legend.append(picture, low, ramp, high)
  caption.append(title, detail, keys, legend)

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
  turn.value = memory.get("turn") in TURNS ? memory.get("turn") : "loop"
  const fade = element("label", {class: "fade", title: "Each month fades into the next while playing"})
  const fades = element("input", {type: "checkbox", "aria-label": "Cross-fade"})
  fades.checked = memory.get("fade") === "on"
  fade.append(fades, "Fade")
  track.append(strip, slider)
  row.append(back, play, next, track, fade, turn, speed)
  root.append(caption, row)

  let index = 0
  let timer = null
  let way = 1
  let full = null
  let shaped = null
  let charted = null

  const months = () => model.months
  const named = (name) => (name ? view.model.document?.get_model_by_name(name) ?? null : null)
  const quietly = (target, values) => target?.setv(values, {sync: false})
  const pictures = decoder()
  const show_frame = fader(quietly)
  const in_play = (one) => one.state !== "waiting" && !model.hidden.includes(one.month)

  function paint() {
    const all = months()
    if (all.length === 0) {
      return
    }
    const shown = all[index]
    const figure = named(model.figure)
    show_frame(figure, `frame:${shown.month}`, timer != null && fading() ? 600 / Number(speed.value) : 0)
    watch_shape(figure)
    watch_full(figure)
    watch_chart()
    quietly(named(`${model.chart}-cursor`), {location: index})
    if (full != null) {
      const visible = full.name === `full:${shown.month}` && shown.state === "ready"
      if (full.visible !== visible) {
        quietly(full, {visible})
      }
    }
    title.textContent = shown.label
    detail.textContent = shown.detail
    detail.title = shown.detail
    slider.value = String(index)
    slider.setAttribute("aria-valuetext", `${shown.label}, ${shown.detail}`)
    strip.querySelectorAll(".cell").forEach((cell, at) => cell.classList.toggle("on", at === index))
    root.dataset.month = shown.month
    tell()
  }

  const fading = () => fades.checked && !fades.disabled

  function tell() {
    const shown = months()[index]
    if (shown != null) {
      months_on_air.tell({month: shown.month, figure: model.figure, playing: timer != null})
    }
  }

  function settle_controls() {
    fades.disabled = Number(speed.value) > FADE_LIMIT || calm()
    play.disabled = months().filter(in_play).length < 2 && timer == null
    const hidden = new Set(model.hidden)
    strip.querySelectorAll(".cell").forEach((cell, at) => cell.classList.toggle("out", hidden.has(months()[at]?.month)))
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
    let later = null
    const fit = () => {
      // Bokeh throws when a size is asked for that the layout has not set yet.
      const {inner_width, inner_height} = figure.properties
      const [width, height] = [inner_width, inner_height].map((size) => (size.is_unset ? 0 : size.get_value()))
      if (moved.has(figure) || !(width > 0 && height > 0)) {
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
      figure.on_event(gesture, () => { moved.add(figure) })
    }
    for (const {change} of [figure.properties.inner_width, figure.properties.inner_height, across.properties.start]) {
      life.follow(figure, change, soon)
    }
    life.at_end(() => clearTimeout(later))
    soon()
  }

  // A month stands at its number in the chart. A click there goes to it, and dragging scrubs.
  function watch_chart() {
    const chart = named(model.chart)
    if (chart == null || chart === charted) {
      return
    }
    charted = chart
    const slot = (event) => Math.min(Math.max(Math.round(event.x), 0), months().length - 1)
    const hear = (name, act) => chart.on_event(name, (event) => { if (!life.over()) { act(event) } })
    const scrub = (event) => {
      stop()
      go(slot(event), {resting: false})
    }
    for (const click of ["tap", "press"]) { // the same, held for longer
      hear(click, (event) => { stop(); go(slot(event)) })
    }
    hear("panstart", scrub)
    hear("pan", scrub)
    hear("panend", rest)
  }

  // The full-resolution view carries the month it shows in its name: it is only let through for that month.
  function watch_full(figure) {
    const found = figure?.renderers.find((one) => one.tags.includes("full-picture")) ?? null
    if (found != null && found !== full) {
      full = found
      // HoloViews shows a renderer again whenever it draws, also where the month stays the same.
      life.follow(full, full.properties.name.change, paint)
      life.follow(full, full.properties.visible.change, paint)
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
    if (shown != null && [model.rested, model.current].some((month) => month !== shown.month)) {
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
      root.classList.remove("playing", "late")
      index = Math.min(Math.max(index, 0), months().length - 1)
      rest()
      settle_controls()
    }
  }

  // The next month that is played, in the direction of play, or nothing at the end.
  function following(from = index) {
    const all = months()
    for (let at = from + way; at >= 0 && at < all.length; at += way) {
      if (in_play(all[at])) {
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
      const shown = [...all.keys()].filter((one) => in_play(all[one]))
      at = way > 0 ? shown[0] : shown.at(-1)
    }
    if (at == null) {
      stop()  // nothing is left to play
    } else if (all[at].url === "" || pictures.has(all[at].url)) {
      step_to(at)
    } else {
      wait_for(at)
    }
  }

  function step_to(at) {
    go(at, {resting: false})
    // The eye needs a moment at the end before all begins anew.
    const held = following() == null ? HELD : 0
    timer = setTimeout(advance, 1000 / Number(speed.value) + held)
    // What comes next is decoded meanwhile.
    for (let ahead = following(), left = 3; ahead != null && left > 0; ahead = following(ahead), left -= 1) {
      pictures.load(months()[ahead].url)
    }
  }

  // What has not come yet is waited for: the month on display stays, and nothing flickers.
  function wait_for(at) {
    const late = setTimeout(() => root.classList.add("late"), PATIENCE)
    const mine = timer = {}
    pictures.load(months()[at].url).then(() => {
      clearTimeout(late)
      root.classList.remove("late")
      if (timer === mine) {
        step_to(at)
      }
    })
  }

  function start(direction = 1) {
    if (timer == null && months().filter(in_play).length > 1) {
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
    const built = all.filter((one) => one.state === "ready" || one.state === "empty")
    keys.innerHTML = (built.some((one) => one.share < 1) ? '<i class="gap"></i>no clear look' : "")
      + (built.some((one) => one.filled > 0) ? '<i class="filled"></i>filled' : "")
    index = Math.max(Math.min(index, all.length - 1), 0)
    settle_controls()
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
  fades.addEventListener("change", () => memory.set("fade", fades.checked ? "on" : "off"))
  turn.addEventListener("change", () => memory.set("turn", turn.value))
  speed.addEventListener("change", () => {
    model.speed = Number(speed.value)
    settle_controls()
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
    const ours = event.key === " " && (target === slider || target.matches?.(".handle"))
    if (!root.isConnected || root.offsetParent == null || event.ctrlKey || event.metaKey || event.altKey) {
      return
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    if (act[key] != null && (ours || !target.matches?.(taken))) {
      event.preventDefault()
      act[key]()
    }
  }
  life.listen(window, "keydown", on_key)
  life.at_end(months_on_air.on("ask", tell))
  life.at_end(months_on_air.on("go", ({month}) => {
    const at = months().findIndex((one) => one.month === month)
    if (at >= 0) {
      stop()
      go(at)
    }
  }))
  const motion = matchMedia("(prefers-reduced-motion: reduce)")
  life.listen(motion, "change", settle_controls)
  model.on("hidden", settle_controls)
  model.on("months", rebuild)
  model.on("figure", paint)
  model.on("current", jump)
  model.on("picture", explain)
  model.on("ramp", explain)
  life.at_end(stop) // at the month on display, where the next drawing begins
  explain()
  rebuild()
  jump()
  return root
}
