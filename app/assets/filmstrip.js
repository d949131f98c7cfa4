// The filmstrip under the player: a small picture of every month, with a tick for play and the GIF, and the buttons of
// the grid, the chart and the map of changes. What is on display it learns from the player, and tells it where to go;
// only ticks and what is unfolded reach the server.

const OPEN = "filmstrip"
const NOTES = {empty: "none clear", preview: "preview", waiting: "not built"}

function frame_of({pick, tick, walk}) {
  const item = element("li", {class: "frame"})
  const button = element("button", {type: "button", class: "go"})
  const picture = element("span", {class: "picture"})
  const image = element("img", {alt: "", loading: "lazy", decoding: "async", draggable: "false"})
  const note = element("span", {class: "note"})
  const name = element("span", {class: "name"})
  const label = element("label", {class: "tick"})
  const box = element("input", {type: "checkbox"})
  const share = element("span", {class: "share"})
  picture.append(image, note, share)
  button.append(picture)
  label.append(box, name)
  item.append(button, label)
  button.addEventListener("click", () => pick(item.dataset.month))
  button.addEventListener("keydown", walk)
  box.addEventListener("change", () => tick(item.dataset.month, box.checked))
  return {item, button, box, show(month, ticked) {
    item.dataset.month = month.month
    item.className = `frame ${month.state}${ticked ? "" : " out"}${item.classList.contains("on") ? " on" : ""}`
    if (image.getAttribute("src") !== month.thumb) {
      image.hidden = month.thumb === ""
      if (month.thumb !== "") {
        image.src = month.thumb
      }
    }
    note.textContent = NOTES[month.state] ?? ""
    name.textContent = month.brief
    share.textContent = month.state === "ready" ? month.clear : ""
    button.title = month.alt
    button.setAttribute("aria-label", month.alt)
    box.checked = ticked
    box.setAttribute("aria-label", `${month.label} in play and in the GIF`)
  }}
}

export function render({model, view}) {
  const life = life_of(view, model)
  const root = element("div", {class: "film-box"})
  const row = element("div", {class: "tools"})
  const toggle = element("button", {type: "button", class: "tool film-toggle", "aria-controls": "film"}, "Filmstrip")
  const grid = element("button", {type: "button", class: "tool grid-toggle"}, "Grid")
  const chart = element("button", {type: "button", class: "tool chart-toggle"}, "Chart")
  const changes = element("button", {type: "button", class: "tool changes-toggle", title: "Where and when the land changed"}, "Changes")
  const count = element("span", {class: "count", role: "status"})
  const choose = element("span", {class: "choose"})
  const all = element("button", {type: "button", class: "tool all"}, "Select all")
  const least = element("label", {class: "least"}, "At least ")
  const percent = element("input", {type: "number", min: 0, max: 100, step: 5, value: 0, "aria-label": "Least clear share, percent"})
  least.append(percent, " % clear")
  choose.append(least, all)
  row.append(toggle, grid, chart, changes, count, choose)
  const film = element("ol", {class: "film", id: "film", role: "list", "aria-label": "Months"})
  root.append(row, film)

  const frames = new Map()
  let shown = ""
  let open = memory.get(OPEN) === "open"

  const hidden = () => new Set(model.hidden)
  const items = () => model.months.map((one) => frames.get(one.month))

  function hide(those) {
    // In order of time, whatever the order of the clicks.
    model.hidden = model.months.map((one) => one.month).filter((month) => those.has(month))
    paint()
  }

  function tick(month, on) {
    const those = hidden()
    if (on) {
      those.delete(month)
    } else {
      those.add(month)
    }
    hide(those)
  }

  // Arrows walk from month to month, as in a list box; Tab leads into the strip and out of it.
  function walk(event) {
    const list = items()
    const at = list.findIndex((one) => one.button === event.currentTarget)
    const to = {ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: list.length - 1}[event.key]
    const next = to == null ? null : list[to]
    if (next != null) {
      event.preventDefault()
      next.button.focus({preventScroll: true})
      months_on_air.go(next.item.dataset.month)
    }
  }

  function mark(playing = false) {
    for (const {item, button, box} of frames.values()) {
      const on = item.dataset.month === shown
      item.classList.toggle("on", on)
      button.ariaCurrent = on ? "true" : null
      button.tabIndex = box.tabIndex = on ? 0 : -1
      if (on && open) {
        follow(item, playing)
      }
    }
  }

  // Only the strip is scrolled, never the page around it.
  function follow(item, playing) {
    const from = film.scrollLeft
    if (item.offsetLeft < from || item.offsetLeft + item.offsetWidth > from + film.clientWidth) {
      const left = item.offsetLeft - (film.clientWidth - item.offsetWidth) / 2
      film.scrollTo({left, behavior: playing || calm() ? "instant" : "smooth"})
    }
  }

  function paint() {
    const out = hidden()
    const number = model.months.length
    for (const month of model.months) {
      if (!frames.has(month.month)) {
        frames.set(month.month, frame_of({pick: months_on_air.go, tick, walk}))
      }
      frames.get(month.month).show(month, !out.has(month.month))
    }
    for (const gone of [...frames.keys()].filter((one) => !model.months.some(({month}) => month === one))) {
      frames.delete(gone)
    }
    const list = items().map(({item}) => item)
    if (list.length !== film.children.length || list.some((item, at) => film.children[at] !== item)) {
      film.replaceChildren(...list)
    }
    film.style.setProperty("--aspect", String(model.aspect))
    film.style.setProperty("--letters", String(Math.max(8, ...model.months.map((one) => one.brief.length))))
    toggle.setAttribute("aria-expanded", String(open))
    grid.setAttribute("aria-pressed", String(model.grid))
    chart.setAttribute("aria-expanded", String(model.chart))
    changes.setAttribute("aria-expanded", String(model.changes))
    film.hidden = choose.hidden = !open
    all.disabled = out.size === 0
    const left = model.months.filter(({month}) => !out.has(month)).length
    const some = left < number
    count.hidden = !open && !some
    count.innerHTML = `<b>${left} of ${number} ${number === 1 ? model.noun : `${model.noun}s`}</b>` +
      (some ? " in play and in the GIF; the GeoTIFFs hold all" : "")
    mark()
  }

  // In a low window there is room for one of them beside the picture.
  const low = matchMedia("(max-height: 859px)")
  const unfold = (which) => {
    const wanted = !{film: open, chart: model.chart, changes: model.changes}[which]
    const only = wanted && low.matches
    if (which === "film" || only) {
      open = which === "film" && wanted
      memory.set(OPEN, open ? "open" : "closed")
    }
    for (const name of ["chart", "changes"]) {
      if (name === which || only) {
        model[name] = name === which && wanted
      }
    }
    paint()
  }
  toggle.addEventListener("click", () => unfold("film"))
  grid.addEventListener("click", () => { model.grid = !model.grid })
  chart.addEventListener("click", () => unfold("chart"))
  changes.addEventListener("click", () => unfold("changes"))
  all.addEventListener("click", () => {
    percent.value = "0"
    hide(new Set())
  })
  percent.addEventListener("change", () => {
    const least_percent = Math.min(Math.max(Number(percent.value) || 0, 0), 100)
    percent.value = String(least_percent)
    const built = model.months.filter((one) => one.state === "ready" || one.state === "empty")
    // Judged as it is read: 96.6 is told as 97, and 100 of nothing less.
    const read = (share) => (share < 1 ? Math.min(Math.round(100 * share), 99) : 100)
    hide(new Set(built.filter((one) => read(one.share) < least_percent).map((one) => one.month)))
  })
  life.at_end(months_on_air.on("shown", ({month, playing}) => {
    if (month !== shown) {
      shown = month
      mark(playing)
    }
  }))
  for (const name of ["months", "hidden", "aspect", "noun", "grid", "chart", "changes"]) {
    model.on(name, paint)
  }
  paint()
  months_on_air.ask()
  return root
}
