// The years x months grid: the same month of every year below each other. It lies over the figure while it is on.

function picture_of(month, wide) {
  const button = element("button", {type: "button", class: `cell ${month.state}`, title: month.alt})
  button.dataset.month = month.month
  const picture = element("span", {class: "picture"})
  const address = wide && month.url !== "" ? month.url : month.thumb
  if (address !== "") {
    picture.append(element("img", {src: address, alt: month.alt, loading: "lazy", decoding: "async", draggable: "false"}))
  } else {
    button.setAttribute("aria-label", month.alt)
  }
  const words = {empty: "none clear", preview: "preview", waiting: "not built"}[month.state] ?? month.clear
  const note = element("span", {class: "note", "aria-hidden": "true"})
  note.textContent = words
  button.append(picture, note)
  return button
}

export function render({model, view}) {
  const life = life_of(view, model)
  const root = element("div", {class: "grid", role: "region", "aria-label": "All months, a row a year", tabindex: "0"})
  const table = element("table")
  root.append(table)
  let shown = ""

  function build() {
    const {caption, columns, rows} = model.table
    if (columns == null) {
      return
    }
    const months = new Map(model.months.map((one) => [one.month, one]))
    const wide = columns.length <= 4
    const title = element("caption")
    title.textContent = caption
    const head = element("tr")
    head.append(element("td", {class: "corner"}))
    for (const name of columns) {
      const cell = element("th", {scope: "col"})
      cell.textContent = name
      head.append(cell)
    }
    const body = rows.map(({name, cells}) => {
      const line = element("tr")
      const first = element("th", {scope: "row"})
      first.textContent = name
      line.append(first, ...cells.map((labels) => {
        const cell = element("td")
        cell.append(...labels.filter((one) => months.has(one)).map((one) => picture_of(months.get(one), wide)))
        return cell
      }))
      return line
    })
    const [top, rest] = [element("thead"), element("tbody")]
    top.append(head)
    rest.append(...body)
    table.replaceChildren(title, top, rest)
    table.style.setProperty("--columns", String(columns.length))
    table.style.setProperty("--rows", String(rows.length))
    table.style.setProperty("--aspect", String(model.aspect))
    dim()
    mark()
  }

  function dim() {
    const out = new Set(model.hidden)
    table.querySelectorAll(".cell").forEach((one) => one.classList.toggle("out", out.has(one.dataset.month)))
  }

  function mark() {
    table.querySelectorAll(".cell").forEach((one) => {
      const on = one.dataset.month === shown
      one.classList.toggle("on", on)
      one.ariaCurrent = on ? "true" : null
    })
  }

  table.addEventListener("click", (event) => {
    const cell = event.target.closest(".cell")
    if (cell != null) {
      months_on_air.go(cell.dataset.month)
      model.chosen += 1
    }
  })
  life.at_end(months_on_air.on("shown", ({month}) => {
    if (month !== shown) {
      shown = month
      mark()
    }
  }))
  for (const name of ["months", "table", "aspect"]) {
    model.on(name, build)
  }
  model.on("hidden", dim)
  build()
  months_on_air.ask()
  return root
}
