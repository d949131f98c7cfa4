// The tour: a card beside one real control after the other, which a ring sets off from the rest of the page. It is a
// modal dialog of the browser, which keeps the focus inside and gives it back; nothing of it needs the server.

const QUESTION = '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9"/>' +
  '<path d="M9.3 9.4a2.8 2.8 0 1 1 4.2 2.4c-1 .6-1.5 1.1-1.5 2.2M12 17.2v.1"/></svg>'
const GAP = 14 // px between ring and card
const EDGE = 12 // px between card and window
const RIM = 6 // px between control and ring
const BACK_FRAMES = 300 // how long what had the focus may take to come back
const OFTEN = 150 // ms between two looks for the control: the page is drawn bit by bit

// The first that is on screen.
function seen(selectors) {
  for (const selector of selectors) {
    const found = inside_of(document, selector).find(on_screen)
    if (found != null) {
      return found
    }
  }
  return null
}

function focused() {
  let one = document.activeElement
  while (one?.shadowRoot?.activeElement != null) {
    one = one.shadowRoot.activeElement
  }
  return one === document.body ? null : one
}

function on_screen(one) {
  const {width, height} = one.getBoundingClientRect()
  return one.isConnected && width > 1 && height > 1 && one.checkVisibility({visibilityProperty: true})
}

// Where a card of this size lies beside a box without covering it, if there is room.
function beside(box, width, height) {
  const [across, down] = [innerWidth - width - EDGE, innerHeight - height - EDGE]
  const within = (value, most) => Math.max(EDGE, Math.min(value, most))
  const rows = within(box.top, down)
  const columns = within(box.left, across)
  const places = [
    [box.right + GAP <= across, box.right + GAP, rows],
    [box.bottom + GAP <= down, columns, box.bottom + GAP],
    [box.top - GAP - height >= EDGE, columns, box.top - GAP - height],
    [box.left - GAP - width >= EDGE, box.left - GAP - width, rows],
  ]
  const [, left, top] = places.find(([fits]) => fits) ?? [true, across, down]
  return [left, top]
}

function dialog_of(styles) {
  const host = element("div", {class: "t-tour"})
  const root = host.attachShadow({mode: "open"})
  root.append(element("style", {}, styles), element("dialog", {"aria-labelledby": "title", "aria-describedby": "text"}, `
    <div class="ring"></div>
    <section class="card">
      <div aria-live="polite"><p class="count"></p><h2 id="title"></h2><p id="text"></p></div>
      <div class="row"><span class="dots" aria-hidden="true"></span>
        <button type="button" class="back">Back</button><button type="button" class="next"></button></div>
      <button type="button" class="close" aria-label="Close the tour" title="Close the tour">\u00d7</button>
    </section>`))
  document.body.append(host)
  return host
}

export function render({model, view}) {
  const life = life_of(view, model)
  const opener = element("button", {type: "button", "aria-label": "Tour", title: "Show me around"}, `${QUESTION}<span>Tour</span>`)
  const host = dialog_of(model.styles_of_card)
  const find = (selector) => host.shadowRoot.querySelector(selector)
  const [dialog, ring, card, back, next] = ["dialog", ".ring", ".card", ".back", ".next"].map(find)
  const page = page_of_all()
  let at = 0
  let target = null
  let before = null // how the page was
  let frame = null
  let looked = 0
  let popovers = new Set()

  const tab = (name) => [...tabs()].find((one) => one.textContent.trim() === name)
  const tabs = () => seen(["[role=tablist]"])?.querySelectorAll("[role=tab]") ?? []
  const turn_to = (name) => {
    const one = tab(name)
    if (one != null && one.getAttribute("aria-selected") !== "true") {
      one.click()
    }
  }
  const open_sidebar = (sidebar_open) => {
    if (page.data.sidebar_open !== sidebar_open) {
      page.data.setv({sidebar_open})
    }
  }
  const narrow = () => matchMedia("(max-width: 699px)").matches

  function show(number) {
    at = Math.max(0, Math.min(number, model.stops.length - 1))
    const stop = model.stops[at]
    if (stop.tab !== "") {
      turn_to(stop.tab)
    }
    if (stop.sidebar || narrow()) {
      open_sidebar(stop.sidebar)
    }
    looked = 0
    find(".count").textContent = `Stop ${at + 1} of ${model.stops.length}`
    find("#title").textContent = stop.title
    find("#text").textContent = stop.text
    find(".dots").replaceChildren(...model.stops.map((_, i) => element("i", i === at ? {class: "on"} : {})))
    back.hidden = at === 0
    next.textContent = at === model.stops.length - 1 ? "Done" : "Next"
    if (!card.contains(host.shadowRoot.activeElement) || host.shadowRoot.activeElement === back && back.hidden) {
      next.focus()
    }
    host.dataset.stop = stop.name
  }

  // On a narrow screen the sidebar is a popover, which lies above every dialog that was opened before it.
  function rise() {
    const open = new Set(inside_of(document, ":popover-open"))
    if ([...open].some((one) => !popovers.has(one))) {
      const held = host.shadowRoot.activeElement
      dialog.close()
      dialog.showModal()
      held?.focus()
    }
    popovers = open
  }

  // The sidebar slides, tabs are drawn a moment later, windows change: the ring stays with its control.
  function follow() {
    frame = requestAnimationFrame(follow)
    if (performance.now() - looked > OFTEN) {
      looked = performance.now()
      rise()
      const found = seen(model.stops[at].at)
      if (found !== target) {
        target = found
        target?.scrollIntoView({block: "nearest", inline: "nearest", behavior: "instant"})
      }
    }
    const {width, height} = card.getBoundingClientRect()
    let place = [(innerWidth - width) / 2, (innerHeight - height) / 2]
    ring.style.left = `${innerWidth / 2}px`
    ring.style.top = `${innerHeight / 2}px`
    ring.style.width = ring.style.height = "0"
    if (target != null) {
      const box = target.getBoundingClientRect()
      const left = Math.max(box.left - RIM, 4)
      const top = Math.max(box.top - RIM, 4)
      const right = Math.min(box.right + RIM, innerWidth - 4)
      const bottom = Math.min(box.bottom + RIM, innerHeight - 4)
      Object.assign(ring.style, {left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px`})
      place = beside({left, top, right, bottom}, width, height)
    }
    card.style.left = `${place[0]}px`
    card.style.top = `${place[1]}px`
  }

  function start() {
    if (dialog.open) {
      return
    }
    before = {focused: focused(), sidebar: page.data.sidebar_open, tab: [...tabs()].find((one) => one.getAttribute("aria-selected") === "true")?.textContent.trim()}
    popovers = new Set()
    dialog.showModal()
    show(0)
    next.focus()
    follow()
  }

  function leave() {
    cancelAnimationFrame(frame)
    dialog.close()
    open_sidebar(before.sidebar)
    if (before.tab != null) {
      turn_to(before.tab)
    }
    // The focus goes back to where it was, which may come back a moment later; else it stays at the button above.
    opener.focus()
    give_back(before.focused, [...(before.focused?.getRootNode().host?.classList ?? [])].find((name) => name.startsWith("t-")))
  }

  // Tabs that were turned draw their buttons anew: it is then the new one of the same component.
  function give_back(one, name, frames = BACK_FRAMES) {
    if (one == null || frames === 0 || opener.getRootNode().activeElement !== opener) {
      return
    }
    const again = on_screen(one) ? one : name == null ? null : seen([`.${name}`])?.shadowRoot?.querySelector(one.localName)
    if (again != null && on_screen(again)) {
      again.focus()
    } else {
      requestAnimationFrame(() => give_back(one, name, frames - 1))
    }
  }

  dialog.addEventListener("cancel", (event) => {
    event.preventDefault()
    leave()
  })
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation() // the map and the player have keys as well
    const buttons = [back, next, find(".close")].filter((one) => !one.hidden)
    const place = buttons.indexOf(host.shadowRoot.activeElement)
    if (event.key === "ArrowRight" && at < model.stops.length - 1) {
      show(at + 1)
    } else if (event.key === "ArrowLeft") {
      show(at - 1)
    } else if (event.key === "Tab") {
      event.preventDefault()
      buttons.at((place + (event.shiftKey ? -1 : 1)) % buttons.length).focus()
    } else if (event.key === "Escape") {
      event.preventDefault()
      leave()
    }
  })
  back.addEventListener("click", () => show(at - 1))
  next.addEventListener("click", () => {
    if (at === model.stops.length - 1) {
      leave()
    } else {
      show(at + 1)
    }
  })
  find(".close").addEventListener("click", leave)
  opener.addEventListener("click", start)
  model.on("asked", start)
  life.at_end(() => {
    cancelAnimationFrame(frame)
    host.remove()
  })
  return opener
}
