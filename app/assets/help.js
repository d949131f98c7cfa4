// What each control is for. Panel's widgets have no place for it that a keyboard reaches, so their controls get it here,
// once they are drawn, and again when they were drawn anew: at the latest when the mouse or the focus comes to them.

const CONTROLS = "button, input, select, textarea, [role=combobox], [role=tab], .MuiChip-root"

export function render({model, view}) {
  const life = life_of(view, model)
  const doc = Bokeh.documents.at(-1)
  const names = Object.keys(model.sentences)
  const name_of = (one) => names.find((name) => one.classList?.contains(name))

  // Those of a widget itself, not those of the widgets it holds.
  function controls(root) {
    const here = [...root.querySelectorAll(CONTROLS)]
    const below = [...root.querySelectorAll("*")].filter((one) => one.shadowRoot != null && name_of(one) == null)
    return [...here, ...below.flatMap((one) => controls(one.shadowRoot))]
  }

  function explain(host) {
    const sentence = model.sentences[name_of(host)]
    for (const one of host.shadowRoot == null ? [] : controls(host.shadowRoot)) {
      if (!one.hasAttribute("aria-description") && !one.hasAttribute("title")) {
        one.setAttribute("aria-description", sentence)
        // The face of a switch or slider is not the input, which lies in it unseen.
        const face = one.closest(".MuiSlider-root, .MuiSwitch-root, .MuiFormControl-root, label") ?? one
        face.title = sentence
      }
    }
  }

  function explain_all() {
    for (const button of inside_of(document, "header button[aria-label]")) {
      button.title = model.frame[button.getAttribute("aria-label")] ?? button.title
    }
    inside_of(document, names.map((name) => `.${name}`).join(", ")).forEach(explain)
  }

  let later = null
  const soon = () => {
    clearTimeout(later)
    later = setTimeout(explain_all, 250)
  }
  let last = null
  const come = (event) => {
    const path = event.composedPath()
    if (path[0] !== last) {
      last = path[0]
      path.filter((one) => name_of(one) != null).forEach(explain)
    }
  }
  doc.on_change(soon)
  life.at_end(() => {
    clearTimeout(later)
    doc.remove_on_change(soon)
  })
  // Events that tell of two elements, such as focusin, end at the shadow root that holds both.
  life.listen(document, "keyup", come, true)
  life.listen(document, "pointermove", come, true)
  soon()
  return document.createElement("span")
}
