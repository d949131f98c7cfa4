// Mends how Panel (1.9) passes the state of a component to React, before the first component is drawn.
// See docs/decisions/0007-one-door-to-the-page.md.
//
// Panel reads a property when it draws and listens for changes only some time after; a change between the two was never
// shown. And what React drew it wrote back into the model, so that of two changes in a row the older could win.
document.addEventListener("DOMContentLoaded", () => {
  const {prototype} = Bokeh.Models.get("panel.models.esm.ReactComponent")
  const original = prototype._render_code
  const mend = (code, [old, better]) => {
    if (code.split(old).length !== 2) {
      throw new Error(`react_state.js does not fit this version of Panel: ${old}`)
    }
    return code.replace(old, () => better)
  }
  const mends = [
    [
      "React.useState(targetModel.attributes[resolvedProp])",
      "React.useState(targetModel.attributes[resolvedProp]); const own = React.useRef(false)",
    ],
    ["setValue(targetModel.attributes[resolvedProp])", "own.current = false; setValue(targetModel.attributes[resolvedProp])"],
    // Whoever begins to listen is told what it missed.
    ["react_proxy.on(prop, cb, true)", "react_proxy.on(prop, cb, true); cb()"],
    // Only what the component itself set goes back into the model.
    ["targetModel.setv({ [resolvedProp]: value })", "own.current && targetModel.setv({ [resolvedProp]: value })"],
    [
      "return [value, setValue]",
      "return [value, React.useCallback((next) => { own.current = true; setValue(next) }, [])]",
    ],
  ]
  prototype._render_code = function () {
    return mends.reduce(mend, original.call(this))
  }
}, {once: true})
