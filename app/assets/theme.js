// Light or dark: as this browser was told the last time, else as its system is. What is drawn on a canvas knows no
// style sheet: its colours are exchanged.

const DARK = {
  "#17282b": "#e4ecee", "#16323a": "#e4ecee", "#52666a": "#a9babd", "#51686f": "#a9babd", "#ffffff": "#1a2326", "#fff": "#1a2326",
  "#c6d2d3": "#3e4f54", "#d5dfe0": "#3e4f54", "#e0e9e9": "#2c3a3e",
}
const LIGHT = Object.fromEntries(Object.entries(DARK).map(([light, dark]) => [dark, light]).reverse())
const PARTS = ["Figure", "LinearAxis", "MercatorTicker", "Legend", "Title", "Grid", "CategoricalAxis"]

export function render({model, view}) {
  const life = life_of(view, model)
  const system = matchMedia("(prefers-color-scheme: dark)")

  function exchange(dark) {
    const table = dark ? DARK : LIGHT
    const [from, to] = dark ? ["basemap/light/", "basemap/dark/"] : ["basemap/dark/", "basemap/light/"]
    for (const {_all_models: models} of Bokeh.documents) {
      for (const one of models.values()) {
        if (one.type === "WMTSTileSource" && one.url.includes(from)) {
          one.setv({url: one.url.replace(from, to)}, {sync: false})
        }
        if (!PARTS.includes(one.type)) {
          continue
        }
        const changes = {}
        for (const property of Object.values(one.properties)) {
          const value = property.is_unset ? null : property.get_value()
          if (property.attr.endsWith("_color") && typeof value === "string" && table[value.toLowerCase()] != null) {
            changes[property.attr] = table[value.toLowerCase()]
          }
        }
        if (Object.keys(changes).length > 0) {
          one.setv(changes, {sync: false})
        }
      }
    }
  }

  const doc = Bokeh.documents.at(-1)
  // It has the switch, and the widgets follow it.
  const page = page_of_all()
  const is_dark = () => page.data.dark_theme
  let later = null
  const paint = () => {
    document.documentElement.classList.toggle("st-dark", is_dark())
    exchange(is_dark())
  }
  // Figures that come later are drawn in the light's colours.
  const follow = () => {
    if (is_dark()) {
      clearTimeout(later)
      later = setTimeout(() => exchange(true), 50)
    }
  }
  const wanted = () => {
    const told = memory.get("theme")
    return told == null ? system.matches : told === "dark"
  }
  const choose = () => page.data.setv({dark_theme: wanted()})
  const changed = () => {
    if (is_dark() !== wanted()) {
      memory.set("theme", is_dark() ? "dark" : "light")
    }
    paint()
  }
  life.follow(page.data, page.data.properties.dark_theme.change, changed)
  life.listen(system, "change", choose)
  doc.on_change(follow)
  life.at_end(() => {
    clearTimeout(later)
    doc.remove_on_change(follow)
  })
  paint()
  choose()
  return document.createElement("span")
}
