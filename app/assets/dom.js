// What the components' scripts have in common: they are joined with it, see views/styles.py.

function element(tag, attributes = {}, html = "") {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value)
  }
  made.innerHTML = html
  return made
}

// All of these, however deep in the components they lie.
function inside_of(root, selector) {
  const below = [...root.querySelectorAll("*")].filter((one) => one.shadowRoot != null)
  return [...root.querySelectorAll(selector), ...below.flatMap((one) => inside_of(one.shadowRoot, selector))]
}

// What this browser remembers from one visit to the next; some browsers are told to remember nothing, and throw.
const memory = {
  get(name) {
    try {
      return localStorage.getItem(`stac-timelapse:${name}`)
    } catch {
      return null
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`stac-timelapse:${name}`, value)
    } catch {
      // It is as if it were the first visit, the next time.
    }
  },
}

// Whether the visitor's system asks for less motion.
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches

// Panel draws a component again, in the same view, when its tab comes back, and tells the earlier drawing nothing: two
// would go on and contradict each other. What a drawing listens to outside of its own elements is told here; it ends
// with the drawing. (What `model.on` listens to ends by itself.)
const lives = (globalThis.stacTimelapseLives ??= new WeakMap())
function life_of(view, model) {
  lives.get(view)?.abort()
  const ending = new AbortController()
  lives.set(view, ending)
  model.on("remove", () => ending.abort())
  const {signal} = ending
  const at_end = (act) => signal.addEventListener("abort", act)
  return {
    at_end,
    over: () => signal.aborted,
    listen: (target, name, listener, capture = false) => target.addEventListener(name, listener, {capture, signal}),
    follow(other, change, slot) {
      other.connect(change, slot)
      at_end(() => other.disconnect(change, slot))
    },
  }
}

// The player tells which month is on display, the other components ask for one; none of it needs the server.
const months_on_air = {
  tell: (detail) => window.dispatchEvent(new CustomEvent("timelapse:shown", {detail})),
  go: (month) => window.dispatchEvent(new CustomEvent("timelapse:go", {detail: {month}})),
  ask: () => window.dispatchEvent(new CustomEvent("timelapse:ask")),
  // Call `listener` with the details of what is told, until the function returned is called.
  on(name, listener) {
    const heard = (event) => listener(event.detail)
    window.addEventListener(`timelapse:${name}`, heard)
    return () => window.removeEventListener(`timelapse:${name}`, heard)
  },
}

// What several components know of a figure: whether the user has moved it, by a gesture or a button, so that nobody fits
// it into the window any more; and how opaque its pictures are, 0 to 1.
const moved = (globalThis.stacTimelapseMoved ??= new WeakSet())
const opacities = (globalThis.stacTimelapseOpacities ??= new WeakMap())

// The page's own model, with the switches of the theme and the sidebar.
const page_of_all = () => [...Bokeh.documents.at(-1)._all_models.values()].find((one) => one.data?.properties?.theme_toggle != null)
