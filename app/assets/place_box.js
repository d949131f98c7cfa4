// The search field on the map: what is typed is asked of the server, which answers with a list (ARIA 1.2 combobox).

const GLASS = '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5 5"/></svg>'
const CROSS = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="m6 6 12 12M18 6 6 18"/></svg>'
const PAUSE = 140 // ms: shorter than between two words, longer than between two keys

export function render({model}) {
  const root = element("div", {class: "places", role: "search"})
  const row = element("div", {class: "row"})
  const glass = element("span", {class: "glass"}, GLASS)
  const field = element("input", {type: "text", role: "combobox", "aria-label": "Find a place or coordinates",
    placeholder: "Find a place or coordinates", "aria-autocomplete": "list", "aria-expanded": "false",
    "aria-controls": "places-list", autocomplete: "off", spellcheck: "false", enterkeyhint: "search", maxlength: "200"})
  const clear = element("button", {type: "button", class: "clear", "aria-label": "Clear the search", title: "Clear the search"}, CROSS)
  const card = element("div", {class: "card"})
  const list = element("ul", {id: "places-list", role: "listbox", "aria-label": "Places"})
  const said = element("p", {class: "said", role: "status"})
  const credit = element("p", {class: "credit"})
  clear.hidden = true
  card.hidden = true
  row.append(glass, field, clear)
  card.append(list, said, credit)
  root.append(row, card)

  let number = 0 // of the last question
  let active = -1
  let later = null

  const options = () => [...list.children]
  const text = () => field.value.trim()

  function show(open) {
    card.hidden = !open
    field.setAttribute("aria-expanded", String(open && list.children.length > 0))
    if (!open) {
      activate(-1)
    }
  }

  function activate(at) {
    active = at
    for (const [index, option] of options().entries()) {
      option.setAttribute("aria-selected", String(index === at))
    }
    if (at < 0) {
      field.removeAttribute("aria-activedescendant")
    } else {
      field.setAttribute("aria-activedescendant", options()[at].id)
      options()[at].scrollIntoView({block: "nearest"})
    }
  }

  function ask(entered) {
    clearTimeout(later)
    number += 1
    root.classList.toggle("waiting", text() !== "")
    model.asked = {number, text: text(), entered}
  }

  function choose(at) {
    const place = model.found.places?.[at]
    if (place != null) {
      field.value = place.name
      clear.hidden = false
      show(false)
      number += 1 // what is still answered comes too late
      clearTimeout(later)
      root.classList.remove("waiting")
      model.chosen = {number, text: model.found.text, at}
    }
  }

  function forget() {
    field.value = ""
    clear.hidden = true
    show(false)
    ask(false)
    model.chosen = {number, text: "", at: -1}
  }

  function answered() {
    const {text: of, places = [], sentence = "", bad = false, credit: whose = "", go = false} = model.found
    if (of !== text()) {
      return // it was for another text
    }
    root.classList.remove("waiting")
    list.replaceChildren(...(go ? [] : places).map((place, at) => {
      const option = element("li", {role: "option", id: `place-${at}`, "aria-selected": "false"})
      const [name, where] = [element("span", {class: "name"}), element("span", {class: "where"})]
      name.textContent = place.name
      where.textContent = [place.kind, place.where].filter(Boolean).join(" · ")
      option.append(name, where)
      return option
    }))
    said.textContent = sentence
    said.classList.toggle("bad", bad)
    said.hidden = sentence === ""
    credit.textContent = whose
    credit.hidden = whose === "" || go
    show(places.length > 0 || sentence !== "")
    active = -1
  }

  field.addEventListener("input", () => {
    clear.hidden = field.value === ""
    clearTimeout(later)
    if (text() === "") {
      show(false)
    }
    later = setTimeout(() => ask(false), PAUSE)
  })
  field.addEventListener("keydown", (event) => {
    const count = list.children.length
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault()
      if (card.hidden && count > 0 && text() !== "") {
        show(true)
      }
      if (count > 0) {
        const step = event.key === "ArrowDown" ? 1 : -1
        activate(active < 0 && step < 0 ? count - 1 : (active + step + count) % count)
      }
    } else if (event.key === "Enter") {
      event.preventDefault()
      if (active >= 0 && !card.hidden) {
        choose(active)
      } else if (text() !== "") {
        ask(true)
      }
    } else if (event.key === "Escape") {
      event.preventDefault()
      if (card.hidden) {
        forget()
      } else {
        show(false)
      }
    }
  })
  field.addEventListener("focus", () => {
    if (list.children.length > 0 && text() !== "" && model.found.text === text()) {
      show(true)
    }
  })
  // Away from the field the list is in the way; a press on the list itself keeps the focus where it is.
  field.addEventListener("blur", () => show(false))
  card.addEventListener("pointerdown", (event) => event.preventDefault())
  list.addEventListener("click", (event) => choose(options().indexOf(event.target.closest("li"))))
  clear.addEventListener("click", () => {
    forget()
    field.focus()
  })
  model.on("found", answered)
  return root
}
