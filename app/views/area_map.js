// The gestures of the area map. One CustomJS runs this module for every event of the figure; it speaks only Bokeh's
// public events and models. Drawings are written into the source of the GeoViews element, whose draw stream tells the
// server; everything that moves while the mouse moves (sketch, handles, size, hint, scale) stays in the browser.

const GRIP = 11 // px: how near is "on it"
const SAME = 7 // px: two clicks on one spot

const HOW_TO_DRAG = "Keep the button down and drag from one corner to the opposite one."
const HINTS = {
  pan: "Choose Box or Polygon, then draw the area you want to see.",
  panWithArea: "Click the area to change its corners.",
  box: "Drag to draw a rectangle. Esc stops.",
  boxDragging: "Release to finish. Esc stops.",
  polygon: "Click the corners; double-click to finish.",
  polygonFew: "Click the next corner. Backspace takes one back, Esc stops.",
  polygonEnough: "Double-click, Enter or a click on the first corner finishes.",
  edit: "Drag a corner, drag the dots between to add one. Click a corner, then Backspace, deletes it.",
  editSelected: "Backspace deletes this corner. Drag moves it.",
  editNothing: "There is no area yet: choose Box or Polygon and draw one.",
}

class AreaMap {
  constructor(models) {
    Object.assign(this, models) // figure, channel, area, sketch, dots, handles, overlay, tiles, sources, pan, hover
    this.corners = [] // of the polygon that is being drawn
    this.anchor = null // of the box that is being drawn
    this.grip = null // what an edit drags: {ring, index} or {whole: true}
    this.chosen = null // the corner that Backspace would delete
    this.pointer = null // last place of the mouse, null outside the map
    this.frame = [0, 0]
    this.root = null
    this.onKey = (event) => this.key(event)
    window.addEventListener("keydown", this.onKey)
    // Events that tell of two elements, such as focusin, end at the shadow root that holds both.
    for (const name of ["pointermove", "keyup"]) {
      document.addEventListener(name, (event) => this.point(passAt(event)), true)
    }
  }

  // --- geometry on screen

  // Width and height in pixels, 0 before the layout: Bokeh throws when an unset size is asked for.
  get laidOut() {
    const { inner_width, inner_height } = this.figure.properties
    return [inner_width, inner_height].map((size) => (size.is_unset ? 0 : size.get_value()))
  }

  get perPixel() {
    const { x_range } = this.figure
    return (x_range.end - x_range.start) / this.laidOut[0]
  }

  near(a, b, pixels) {
    return Math.hypot(a[0] - b[0], a[1] - b[1]) <= pixels * this.perPixel
  }

  get rings() {
    if (this.ringsOf !== this.area.data) {
      this.ringsOf = this.area.data
      this.readRings = this.read(this.area.data)
    }
    return this.readRings
  }

  read({ xs = [], ys = [] }) {
    return Array.from(xs, (x, i) => {
      const ring = Array.from(x, (value, k) => [value, ys[i][k]])
      const last = ring.at(-1)
      const closed = ring.length > 1 && ring[0][0] === last[0] && ring[0][1] === last[1]
      return closed ? ring.slice(0, -1) : ring
    }).filter((ring) => ring.length > 2)
  }

  // Put rings into the element's source. `tell` makes it a new drawing that the server hears of.
  write(rings, tell) {
    const data = { ...this.area.data }
    for (const key of Object.keys(data)) data[key] = []
    data.xs = rings.map((ring) => [...ring, ring[0]].map((p) => p[0]))
    data.ys = rings.map((ring) => [...ring, ring[0]].map((p) => p[1]))
    // No comparison with what is there: a drag has already put it there, but only in this browser.
    this.area.setv({ data }, { sync: tell, check_eq: false })
    this.show()
  }

  // --- what is on top of the map

  find(selector) {
    return this.root?.querySelector(selector)
  }

  mount(index) {
    const view = index.find_one(this.overlay)
    const root = view?.shadow_el?.querySelector(".map-ui")
    if (!root || root === this.root) return
    this.root = root
    root.addEventListener("click", (event) => {
      const button = event.target.closest("button")
      if (!button) return
      const { mode, action } = button.dataset
      if (mode) this.setMode(mode)
      else if (action === "clear") this.clear()
      else if (action === "closer") this.zoom(0.5)
      else if (action === "farther") this.zoom(2)
      else if (action === "full") this.fullScreen()
      else if (action === "home") this.fit(this.rings.length ? boundsOf(this.rings) : this.channel.home)
    })
    this.find("select")?.addEventListener("change", (event) => this.chooseBasemap(event.target.value))
    const full = this.find("[data-action=full]")
    full.hidden = !document.fullscreenEnabled
    document.addEventListener("fullscreenchange", () => {
      const words = document.fullscreenElement ? "Leave full screen" : "Full screen"
      full.title = words
      full.setAttribute("aria-label", words)
      relaid(this.figure)
    })
    this.events = index.find_one(this.figure)?.canvas_view?.events_el ?? null
    this.setMode(this.channel.mode)
    this.scale()
  }

  setText(selector, text) {
    const element = this.find(selector)
    if (element && element.textContent !== text) element.textContent = text
  }

  notice(text) {
    this.noticeText = text
    this.hint()
    clearTimeout(this.noticeTimer)
    this.noticeTimer = setTimeout(() => {
      this.noticeText = ""
      this.hint()
    }, 9000)
  }

  hint() {
    const { mode } = this.channel
    const some = this.rings.length > 0
    let key = mode
    if (mode === "pan" && some) key = "panWithArea"
    else if (mode === "box" && this.anchor) key = "boxDragging"
    else if (mode === "polygon" && this.corners.length) key = this.corners.length < 3 ? "polygonFew" : "polygonEnough"
    else if (mode === "edit") key = some ? (this.chosen ? "editSelected" : "edit") : "editNothing"
    const advice = key === "panWithArea" && this.channel.advice ? `${this.channel.advice} ` : ""
    this.setText(".hint", this.noticeText || this.pointedText || advice + HINTS[key])
    this.find(".hint")?.classList.toggle("notice", Boolean(this.noticeText))
    for (const button of this.root?.querySelectorAll("button[data-mode]") ?? []) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode))
      if (button.dataset.mode === "edit") button.disabled = !some
    }
    const clear = this.find("[data-action=clear]")
    if (clear) clear.disabled = !some && !this.corners.length
  }

  // Everything that follows from the area, the sketch and the mode.
  show() {
    const { mode } = this.channel
    const sketch = this.sketchRing()
    const measured = sketch.length > 2 ? [sketch] : this.anchor || this.corners.length ? [] : this.rings
    const chip = this.find(".chip")
    if (chip) {
      chip.hidden = measured.length === 0
      if (measured.length) {
        const [surface, sides] = measure(measured)
        this.setText(".chip b", surface)
        this.setText(".chip span", sides)
      }
    }
    this.tag(sketch)
    // What is about to be replaced steps back.
    this.areaGlyph.line_alpha = sketch.length > 1 ? 0.35 : 1
    this.sketch.data = { xs: sketch.length > 1 ? [sketch.map((p) => p[0])] : [], ys: sketch.length > 1 ? [sketch.map((p) => p[1])] : [] }
    this.dots.data = { x: this.corners.map((p) => p[0]), y: this.corners.map((p) => p[1]) }
    const handles = { x: [], y: [], size: [], fill: [] }
    if (mode === "edit") {
      for (const { at, corner, ring, index } of this.grips()) {
        const chosen = corner && this.chosen?.ring === ring && this.chosen?.index === index
        handles.x.push(at[0])
        handles.y.push(at[1])
        handles.size.push(corner ? 12 : 7)
        handles.fill.push(chosen ? "#d9480f" : "#ffffff")
      }
    }
    this.handles.data = handles
    this.hint()
  }

  // Beside the mouse: how large what is being drawn is by now, of a first line its length.
  tag(sketch) {
    const tag = this.find(".tag")
    if (!tag) return
    tag.hidden = !this.pointer || sketch.length < 2
    if (tag.hidden) return
    const { x_range, y_range } = this.figure
    const [width, height] = this.laidOut
    const [x, y] = [(this.pointer[0] - x_range.start) / this.perPixel, (y_range.end - this.pointer[1]) / this.perPixel]
    tag.textContent = sketch.length > 2 ? measure([sketch]).reverse().join(" · ") : lengthWords(lineLength(sketch))
    // On the side of the mouse where there is room.
    tag.style.transform = `translate(${x > width - 190 ? "calc(-100% - 14px)" : "14px"}, ${y > height - 60 ? "calc(-100% - 8px)" : "12px"})`
    tag.style.left = `${x}px`
    tag.style.top = `${y}px`
  }

  sketchRing() {
    if (this.anchor && this.pointer) {
      const [[x0, y0], [x1, y1]] = [this.anchor, this.pointer]
      return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
    }
    if (!this.corners.length) return []
    const loose = this.pointer && !this.near(this.pointer, this.corners.at(-1), 1)
    return loose ? [...this.corners, this.pointer] : this.corners
  }

  grips() {
    return this.rings.flatMap((ring, r) => ring.flatMap(([x, y], index) => {
      const [nx, ny] = ring[(index + 1) % ring.length]
      const corner = { at: [x, y], corner: true, ring: r, index }
      const roomy = !this.near([x, y], [nx, ny], 4 * GRIP)
      return roomy ? [corner, { at: [(x + nx) / 2, (y + ny) / 2], corner: false, ring: r, index }] : [corner]
    }))
  }

  gripAt(point) {
    const hits = this.grips().filter((grip) => this.near(grip.at, point, GRIP))
    return hits.find((grip) => grip.corner) ?? hits[0] ?? null
  }

  inside(point) {
    return this.rings.filter((ring) => contains(ring, ...point)).length % 2 === 1
  }

  cursor(style) {
    if (this.events) this.events.style.cursor = style
  }

  // --- modes

  setMode(mode) {
    this.abandon()
    this.chosen = null
    this.lastMode = mode
    if (this.channel.mode !== mode) this.channel.mode = mode
    this.pan.active = mode !== "box"
    if (this.hover) this.hover.active = mode === "pan"
    this.show()
  }

  abandon() {
    this.corners = []
    this.anchor = null
    this.grip = null
  }

  finish(ring) {
    this.abandon()
    this.write([ring], true)
    this.setMode("pan")
  }

  finishPolygon() {
    if (this.corners.length < 3) {
      this.notice("An area needs at least three corners.")
      return
    }
    this.finish(this.corners)
  }

  clear() {
    this.abandon()
    this.chosen = null
    if (this.rings.length) this.write([], true)
    if (this.channel.mode === "edit") this.setMode("pan")
    this.show()
  }

  // --- the view

  fit([west, south, east, north]) {
    const [width, height] = this.laidOut
    if (!width || !height) {
      this.pending = [west, south, east, north]
      return
    }
    // A margin, and never closer than a view of 1.5 km: a point has no extent to fit.
    const perPixel = Math.max((east - west) / width, (north - south) / height, 1500 / width) * 1.25
    const [x, y] = [(west + east) / 2, (south + north) / 2]
    this.look(x, y, perPixel)
  }

  zoom(factor) {
    const { x_range, y_range } = this.figure
    this.look((x_range.start + x_range.end) / 2, (y_range.start + y_range.end) / 2, this.perPixel * factor)
  }

  look(x, y, perPixel) {
    const { x_range, y_range } = this.figure
    const [width, height] = this.laidOut
    x_range.setv({ start: x - width / 2 * perPixel, end: x + width / 2 * perPixel })
    y_range.setv({ start: y - height / 2 * perPixel, end: y + height / 2 * perPixel })
  }

  fullScreen() {
    // The map is the container in which these controls lie beside the figure, each in a shadow of its own.
    if (document.fullscreenElement) document.exitFullscreen()
    else this.root.getRootNode().host.getRootNode().host.requestFullscreen()
  }

  scale() {
    const bar = this.find(".scale")
    const { y_range } = this.figure
    if (!bar || !this.laidOut[0]) return
    const [words, pixels] = scaleBar(this.perPixel, latitudeOf((y_range.start + y_range.end) / 2), 110)
    bar.style.width = `${pixels}px`
    bar.textContent = words
  }

  async chooseBasemap(name) {
    this.wanted = name
    const reached = name === "local" || (await reachable(this.tileAddress(this.sources[name].url)))
    if (this.wanted !== name) return
    if (reached) this.lay(name)
    else this.fallBack("This map could not be reached from your browser; the built-in map stays.")
  }

  lay(name) {
    this.wanted = name
    this.tiles.tile_source = this.sources[name]
    this.setText(".attribution", this.attributions[name])
  }

  fallBack(sentence) {
    this.find("select").value = "local"
    this.lay("local")
    this.notice(sentence)
  }

  // Tiles of other hosts may stay away later as well: the one in the middle is looked at, twice, once the map rests. It
  // is one that the map shows, so the browser has it already.
  watchTiles() {
    clearTimeout(this.watching)
    if ((this.wanted ?? "local") === "local") return
    this.watching = setTimeout(async () => {
      const name = this.wanted
      const address = this.tileAddress(this.sources[name].url)
      if ((await reachable(address)) || (await reachable(address)) || this.wanted !== name) return
      this.fallBack("This map has nothing here, or could not be reached; the built-in map is shown.")
    }, 700)
  }

  // Of the tile that lies in the middle of the map, as Bokeh would ask for it.
  tileAddress(template) {
    const { x_range, y_range } = this.figure
    const half = Math.PI * 6378137
    const zoom = Math.max(0, Math.min(19, Math.round(Math.log2((2 * half) / 256 / this.perPixel))))
    const place = [(x_range.start + x_range.end) / 2 + half, half - (y_range.start + y_range.end) / 2]
    const [x, y] = place.map((one) => Math.floor((one / (2 * half)) * 2 ** zoom))
    return template.replace("{Z}", zoom).replace("{X}", (x + 2 ** zoom) % 2 ** zoom).replace("{Y}", y)
  }

  // --- the pass to which the mouse or the focus comes in the list of passes

  point(number) {
    if (this.pointed === number) return
    this.pointed = number
    const { number: numbers = [], xs, ys, words } = this.passes.data
    const rows = Array.from(numbers, (one, row) => (one === number ? row : -1)).filter((row) => row >= 0)
    const rings = rows.map((row) => Array.from(xs[row], (x, k) => [x, ys[row][k]]))
    this.outline.data = { xs: rows.map((row) => xs[row]), ys: rows.map((row) => ys[row]) }
    this.pointedText = rows.length ? `${words[rows[0]]}: ${this.covers(rings)}` : ""
    this.hint()
  }

  covers(rings) {
    const { x_range, y_range } = this.figure
    const steps = [0.02, 0.25, 0.5, 0.75, 0.98]
    const at = ({ start, end }, step) => start + (end - start) * step
    const places = steps.flatMap((i) => steps.map((k) => [at(x_range, i), at(y_range, k)]))
    const held = places.filter((place) => rings.some((ring) => contains(ring, ...place))).length
    if (held === places.length) return "it covers all that the map shows."
    return held === 0 ? "it lies outside of what the map shows." : "its outline is on the map."
  }

  // --- gestures

  tap(point) {
    const { mode } = this.channel
    if (mode === "polygon") {
      const again = this.corners.length && this.near(point, this.corners.at(-1), SAME)
      const around = this.corners.length > 2 && this.near(point, this.corners[0], GRIP)
      if (around || (again && this.corners.length > 2)) return this.finishPolygon()
      if (!again) this.corners.push(point)
    } else if (mode === "edit") {
      const grip = this.gripAt(point)
      if (grip?.corner) this.chosen = { ring: grip.ring, index: grip.index }
      else if (!grip && !this.inside(point)) return this.setMode("pan")
      else this.chosen = null
    } else if (mode === "pan" && this.inside(point)) {
      return this.setMode("edit")
    } else if (mode === "box") {
      this.notice(HOW_TO_DRAG)
    }
    this.show()
  }

  doubletap(point) {
    const { mode } = this.channel
    const again = this.corners.length && this.near(point, this.corners.at(-1), SAME)
    if (mode === "polygon" && again) this.finishPolygon()
    else if (mode === "polygon") this.tap(point) // two quick clicks in two places
  }

  move(point) {
    this.pointer = point
    const { mode } = this.channel
    if (mode === "edit" && !this.grip) {
      const grip = this.gripAt(point)
      const inside = this.inside(point)
      this.pan.active = !(grip || inside)
      this.cursor(grip ? "pointer" : inside ? "move" : "grab")
    } else if (mode === "pan") {
      this.cursor(this.inside(point) ? "pointer" : "grab")
    } else if (mode !== "edit") {
      this.cursor("crosshair")
      if (this.corners.length) this.show()
    }
  }

  panstart(point) {
    const { mode } = this.channel
    if (mode === "box") {
      this.anchor = point
      this.pointer = point
    } else if (mode === "edit") {
      const grip = this.gripAt(point)
      if (!grip && !this.inside(point)) return
      this.pan.active = false
      this.before = this.rings
      this.grip = grip ? { ...grip, from: point } : { whole: true, from: point }
      this.chosen = grip?.corner ? { ring: grip.ring, index: grip.index } : null
    }
  }

  drag(point) {
    if (this.anchor) {
      this.pointer = point
      this.show()
    } else if (this.grip) {
      this.write(this.dragged(point), false)
    }
  }

  dragged(point) {
    const { whole, corner, ring, index, from } = this.grip
    const [dx, dy] = [point[0] - from[0], point[1] - from[1]]
    const rings = this.before.map((points) => points.map((p) => [...p]))
    if (whole) return rings.map((points) => points.map(([x, y]) => [x + dx, y + dy]))
    if (corner) rings[ring][index] = [rings[ring][index][0] + dx, rings[ring][index][1] + dy]
    else rings[ring].splice(index + 1, 0, point)
    return rings
  }

  panend(point) {
    if (this.anchor) {
      const [x, y] = this.anchor
      this.pointer = point
      const ring = this.sketchRing()
      const tiny = Math.min(Math.abs(point[0] - x), Math.abs(point[1] - y)) < 4 * this.perPixel
      if (tiny) {
        this.abandon()
        this.show()
        this.notice(HOW_TO_DRAG)
      } else {
        this.finish(ring)
      }
    } else if (this.grip) {
      const rings = this.dragged(point)
      this.grip = null
      this.write(rings, true)
    }
  }

  key(event) {
    if (!this.root?.isConnected) return
    const target = event.composedPath()[0]
    if (target.matches?.("input, textarea, select, [contenteditable=true]")) return
    const { mode } = this.channel
    const busy = this.anchor || this.grip || this.corners.length > 0
    if (event.key === "Escape") {
      if (this.grip) this.write(this.before, false)
      if (busy) {
        this.abandon()
        this.show()
      } else if (mode !== "pan") {
        this.setMode("pan")
      }
    } else if (event.key === "Enter" && mode === "polygon" && busy) {
      event.preventDefault()
      this.finishPolygon()
    } else if ((event.key === "Backspace" || event.key === "Delete") && (this.pointer || busy)) {
      event.preventDefault()
      this.remove()
    }
  }

  remove() {
    if (this.corners.length) {
      this.corners.pop()
      this.show()
    } else if (this.chosen) {
      const { ring, index } = this.chosen
      const rings = this.rings.map((points) => [...points])
      if (rings[ring].length > 3) rings[ring].splice(index, 1)
      else rings.splice(ring, 1)
      this.chosen = null
      this.write(rings, true)
      if (!rings.length) this.setMode("pan")
    } else if (this.channel.mode === "edit") {
      this.clear()
    }
  }

  // --- one door for all events

  handle(obj, index) {
    this.mount(index)
    const point = [obj.x, obj.y]
    switch (obj.event_name) {
      case "tap": case "press": return this.tap(point)
      case "doubletap": return this.doubletap(point)
      case "mousemove": return this.move(point)
      case "mouseleave": this.pointer = null; return this.corners.length ? this.show() : undefined
      case "panstart": return this.panstart(point)
      case "pan": return this.drag(point)
      case "panend": return this.panend(point)
    }
    if (obj === this.channel) return this.obey()
    if (obj === this.area) return this.grip ? undefined : this.show()
    this.scale()
    this.watchTiles()
    if (this.pending && this.laidOut[0]) {
      const bounds = this.pending
      this.pending = null
      this.fit(bounds)
    }
    if (this.channel.mode === "edit") this.show()
  }

  // The server wrote to the channel.
  obey() {
    const { mode, target, notice } = this.channel
    if (mode !== this.lastMode) {
      this.lastMode = mode
      this.setMode(mode)
    }
    if (target.length === 5 && target[4] !== this.lastTarget) {
      this.lastTarget = target[4]
      this.fit(target.slice(0, 4))
    }
    if (notice !== this.lastNotice) {
      this.lastNotice = notice
      const text = notice.split("\n", 2)[1] ?? ""
      if (text) this.notice(text)
    }
    this.hint()
  }
}

// Number of the pass in the list of passes (views/passes.py) to which an event belongs.
function passAt(event) {
  const path = event.composedPath()
  const list = path.find((one) => one.classList?.contains("t-passes"))
  const line = list && path.find((one) => one.localName === "label")
  return line ? [...line.parentNode.querySelectorAll("label")].indexOf(line) : null
}

// Can the browser load this picture within two seconds?
const reachable = (url) => new Promise((resolve) => {
  const image = new Image()
  const timer = setTimeout(() => resolve(false), 2000)
  const settle = (answer) => () => { clearTimeout(timer); resolve(answer) }
  image.onload = settle(true)
  image.onerror = settle(false)
  image.src = url
})

// Bokeh may compile this module more than once when several events arrive at the start; the map must be one.
const maps = (globalThis.stacTimelapseMaps ??= new WeakMap())

export default (models, obj, _data, { index }) => {
  let map = maps.get(models.figure)
  if (map === undefined) {
    map = new AreaMap(models)
    maps.set(models.figure, map)
  }
  map.handle(obj, index)
}
