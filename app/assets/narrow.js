// On a narrow screen the sidebar lies over everything: it is closed at first, opened when an area is chosen, for the
// next step is in it, and closed again when there are months to see.
export function render({model, view}) {
  const life = life_of(view, model)
  const narrow = matchMedia("(max-width: 699px)")
  const page = page_of_all()
  const open = (sidebar_open) => {
    if (narrow.matches && page.data.sidebar_open !== sidebar_open) {
      page.data.setv({sidebar_open})
    }
  }
  model.on("area", () => { if (model.area) { open(true) } })
  model.on("series", () => open(false))
  const shrunk = () => page.data.setv({sidebar_open: !narrow.matches})
  life.listen(narrow, "change", shrunk)
  open(false)
  return document.createElement("span")
}
