// The histogram of a series with the ends of its stretch as handles: they move at once, and what they were moved to is
// told when they are let go, for all months are then painted anew.

// Keys -> so many steps.
const STRIDES = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10}

export function render({model}) {
  const root = element("div", {class: "stretch", role: "group", "aria-label": "Limits of the brightness"})
  const drawing = element("div", {class: "drawing"})
  const beyond = [element("div", {class: "beyond"}), element("div", {class: "beyond"})]
  root.append(drawing, ...beyond)
  let pairs = []
  let handles = []
  let held = null
  let told = Date.now()

  const width = () => Math.max(model.high - model.low, 1e-12)
  const step = () => 10 ** Math.floor(Math.log10(width() / 100))
  const digits = () => Math.max(0, -Math.round(Math.log10(step())))
  const share = (value) => Math.min(Math.max((value - model.low) / width(), 0), 1)
  const words = (value) => String(Number(value.toFixed(Math.max(digits(), 2))))

  function place() {
    handles.forEach((handle, number) => {
      const [at, side] = [number >> 1, number & 1]
      const pair = pairs[at]
      handle.style.left = `${100 * share(pair[side])}%`
      handle.dataset.near = share(pair[side]) < 0.15 ? "low" : share(pair[side]) > 0.85 ? "high" : ""
      handle.setAttribute("aria-valuemin", String(side === 0 ? Math.min(model.low, pair[0]) : pair[0]))
      handle.setAttribute("aria-valuemax", String(side === 0 ? pair[1] : Math.max(model.high, pair[1])))
      handle.setAttribute("aria-valuenow", String(pair[side]))
      handle.setAttribute("aria-valuetext", `${words(pair[side])} ${model.what}`)
      handle.querySelector("output").textContent = words(pair[side])
    })
    const alone = pairs.length === 1
    beyond.forEach((one) => { one.hidden = !alone })
    if (alone) {
      beyond[0].style.width = `${100 * share(pairs[0][0])}%`
      beyond[1].style.width = `${100 * (1 - share(pairs[0][1]))}%`
    }
  }

  function move(number, value) {
    const [pair, side] = [pairs[number >> 1], number & 1]
    const whole = Number((Math.round(value / step()) * step()).toFixed(digits()))
    // They do not cross.
    const [least, most] = side === 0 ? [model.low, pair[1] - step()] : [pair[0] + step(), model.high]
    if (least <= most) {
      pair[side] = Number(Math.min(Math.max(whole, least), most).toFixed(digits() + 1))
      place()
    }
  }

  function let_go() {
    held = null
    const limits = pairs.flat()
    if (limits.some((value, at) => value !== model.pairs.flat()[at])) {
      told += 1
      model.chosen = {limits, number: told}
    }
  }

  function handle_of(number) {
    const [at, side] = [number >> 1, number & 1]
    const handle = element("div", {class: `end ${side === 0 ? "low" : "high"}`, role: "slider", tabindex: "0", "aria-orientation": "horizontal"})
    handle.append(element("span", {class: "grip"}), element("output"))
    handle.addEventListener("pointerdown", (event) => {
      if (event.button === 0) {
        held = number
        handle.setPointerCapture(event.pointerId)
        handle.focus({preventScroll: true})
        event.preventDefault()
      }
    })
    handle.addEventListener("pointermove", (event) => {
      if (held === number) {
        const box = root.getBoundingClientRect()
        move(number, model.low + width() * (event.clientX - box.left) / box.width)
      }
    })
    for (const end of ["pointerup", "pointercancel"]) {
      handle.addEventListener(end, () => { if (held === number) { let_go() } })
    }
    handle.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) {
        return
      }
      const value = pairs[at][side]
      const ends = {Home: model.low, End: model.high}
      if (event.key === "Escape" && held != null) {
        held = null
        take()
      } else if (STRIDES[event.key] != null) {
        held = number
        move(number, value + STRIDES[event.key] * step())
      } else if (ends[event.key] != null) {
        held = number
        move(number, ends[event.key])
      } else {
        return
      }
      event.preventDefault()
    })
    for (const end of ["keyup", "blur"]) {
      handle.addEventListener(end, () => { if (held === number) { let_go() } })
    }
    return handle
  }

  // What the server says is shown, but for while something is held.
  function take() {
    if (held != null) {
      return
    }
    pairs = model.pairs.map((pair) => [...pair])
    if (handles.length !== 2 * pairs.length) {
      handles.forEach((one) => one.remove())
      handles = pairs.flatMap((_, at) => [handle_of(2 * at), handle_of(2 * at + 1)])
      root.append(...handles)
    }
    handles.forEach((handle, number) => {
      const at = number >> 1
      handle.setAttribute("aria-label", `${(number & 1) === 0 ? "Darkest" : "Brightest"} ${model.names[at] ?? ""}`.trim())
      handle.style.setProperty("--of", String(at))
      handle.style.setProperty("--all", String(pairs.length))
      handle.style.color = model.colours[at] ?? ""
    })
    place()
  }

  function draw() {
    drawing.innerHTML = model.drawing
  }

  model.on("drawing", draw)
  for (const name of ["low", "high", "pairs", "names", "colours", "what"]) {
    model.on(name, take)
  }
  draw()
  take()
  return root
}
