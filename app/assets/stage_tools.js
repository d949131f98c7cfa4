// What floats above the series: scale bar, zoom, full screen, and how much the map shines through the pictures. Read
// together with map_measure.js. Everything happens in the browser; only what is on screen after a zoom is told, for the
// full-resolution view.

const ICONS = {
  closer: '<path d="M12 5v14M5 12h14"/>',
  farther: '<path d="M5 12h14"/>',
  home: '<path d="M12 3v4M12 17v4M3 12h4M17 12h4"/><circle cx="12" cy="12" r="5"/>',
  full: '<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/>',
  opacity: '<circle cx="12" cy="12" r="8"/><path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor"/>',
}
const LONGEST = 110 // px, of the scale bar

const icon = (name) => `<svg viewBox="0 0 24 24" aria-hidden="true">${ICONS[name]}</svg>`

export function render({model, view}) {
  const life = life_of(view, model)
  const root = document.createElement("div")
  root.className = "tools"
  root.innerHTML = `
    <div class="scale" aria-hidden="true"></div>
    <label class="opacity" title="Opacity of the picture">${icon("opacity")}
      <input type="range" min="0" max="100" step="5" value="100" aria-label="Opacity of the picture"></label>
    <div class="zoom" role="group" aria-label="Zoom">
      <button type="button" data-do="closer" title="Zoom in" aria-label="Zoom in">${icon("closer")}</button>
      <button type="button" data-do="farther" title="Zoom out" aria-label="Zoom out">${icon("farther")}</button>
      <button type="button" data-do="home" title="Show the whole area" aria-label="Show the whole area">${icon("home")}</button>
      <button type="button" data-do="full" title="Full screen" aria-label="Full screen" aria-pressed="false">${icon("full")}</button>
    </div>`
  const bar = root.querySelector(".scale")
  const opacity = root.querySelector("input")
  const full = root.querySelector("[data-do=full]")
  full.hidden = !document.fullscreenEnabled

  let figure = null
  let looking = null
  const pictures = new Set() // the full-resolution views that are watched

  // Bokeh throws when a size is asked for that the layout has not set yet.
  const size = () => [figure.properties.inner_width, figure.properties.inner_height].map((one) => (one.is_unset ? 0 : one.get_value()))

  function scale() {
    const [width] = size()
    if (width > 0) {
      const {x_range, y_range} = figure
      const latitude = latitudeOf((y_range.start + y_range.end) / 2)
      const [words, pixels] = scaleBar((x_range.end - x_range.start) / width, latitude, LONGEST)
      bar.style.width = `${pixels}px`
      bar.textContent = words
    }
  }

  function look(x, y, metres) {
    const [width, height] = size()
    const {x_range, y_range} = figure
    x_range.setv({start: x - width / 2 * metres, end: x + width / 2 * metres})
    y_range.setv({start: y - height / 2 * metres, end: y + height / 2 * metres})
    globalThis.Bokeh.index.find_one(figure)?.trigger_ranges_update_event()
  }

  function zoom(factor) {
    const {x_range, y_range} = figure
    moved.add(figure)
    look((x_range.start + x_range.end) / 2, (y_range.start + y_range.end) / 2, (x_range.end - x_range.start) / size()[0] * factor)
  }

  function whole() {
    const [west, south, east, north] = figure.tags
    const [width, height] = size()
    moved.delete(figure)
    look((west + east) / 2, (south + north) / 2, Math.max((east - west) / width, (north - south) / height))
  }

  // A picture that is added later has to be told too: the full-resolution view of a month is made when it is shown.
  function fade() {
    const global_alpha = Number(opacity.value) / 100
    if (figure != null) {
      opacities.set(figure, global_alpha)
    }
    for (const renderer of figure?.renderers ?? []) {
      const sharp = renderer.tags.includes("full-picture")
      if (sharp && !pictures.has(renderer)) {
        pictures.add(renderer)
        life.follow(renderer, renderer.properties.name.change, fade)
      }
      if ((sharp || renderer.name?.startsWith("frame:")) && renderer.glyph.global_alpha !== global_alpha) {
        renderer.glyph.setv({global_alpha}, {sync: false})
      }
    }
  }

  function stage() {
    let node = root
    while (node != null && !(node.classList?.contains("t-series"))) {
      node = node.parentElement ?? node.getRootNode().host
    }
    return node
  }

  function onFull() {
    const on = document.fullscreenElement != null
    const words = on ? "Leave full screen" : "Full screen"
    full.setAttribute("aria-pressed", String(on))
    full.setAttribute("aria-label", words)
    full.title = words
    relaid(figure)
  }

  // The figure is named when it has been drawn, which may be later than its name is known here.
  function seek() {
    clearTimeout(looking)
    const found = model.figure === "" ? null : view.model.document?.get_model_by_name(model.figure) ?? null
    root.hidden = found == null
    if (found == null) {
      looking = setTimeout(seek, 100)
    } else if (found !== figure) {
      figure = found
      const {x_range, y_range, properties} = figure
      for (const {change} of [x_range.properties.start, y_range.properties.start, properties.inner_width, properties.inner_height]) {
        life.follow(figure, change, scale)
      }
      life.follow(figure, properties.renderers.change, fade)
      scale()
      fade()
    }
  }

  root.addEventListener("click", (event) => {
    const what = event.target.closest("button")?.dataset.do
    if (figure == null || !size()[0]) {
      return
    }
    if (what === "closer") zoom(0.5)
    else if (what === "farther") zoom(2)
    else if (what === "home") whole()
    else if (what === "full" && document.fullscreenElement != null) document.exitFullscreen()
    else if (what === "full") stage()?.requestFullscreen()
  })
  opacity.addEventListener("input", fade)
  life.listen(document, "fullscreenchange", onFull)
  life.at_end(() => clearTimeout(looking))
  model.on("figure", seek)
  seek()
  return root
}
