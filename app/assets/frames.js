// How the months' pictures come on: decoded before they are shown, and one fading into the next if that is wanted.

// Pictures held decoded: the one on display, those that come next, and some slack for turning round.
const HELD_PICTURES = 8

// Decodes pictures ahead. `has` tells whether one is ready; `load` promises it. A picture that cannot be had counts as
// ready: what is missing on the server must not stop the player.
function decoder() {
  const held = new Map()
  const touch = (url) => {
    const one = held.get(url)
    held.delete(url)
    held.set(url, one)
    return one
  }
  return {
    has: (url) => held.get(url)?.ready === true,
    load(url) {
      if (held.has(url)) {
        return touch(url).promise
      }
      const one = {image: new Image(), ready: false}
      one.image.src = url
      one.promise = one.image.decode().catch(() => null).then(() => { one.ready = true })
      held.set(url, one)
      if (held.size > HELD_PICTURES) {
        held.delete(held.keys().next().value)
      }
      return one.promise
    },
  }
}

// Returns a function that shows the frame of one name in a figure and hides the others, over so many milliseconds.
// Of the two the figure draws the later renderer above the other: it alone changes, in or out.
function fader(quietly) {
  let finish = null
  return (figure, name, milliseconds) => {
    finish?.()
    const frames = (figure?.renderers ?? []).filter((one) => one.name?.startsWith("frame:"))
    const next = frames.find((one) => one.name === name)
    const before = frames.find((one) => one.visible && one !== next)
    const settle = () => {
      finish = null
      for (const one of frames) {
        if (one.visible !== (one === next)) {
          quietly(one, {visible: one === next})
        }
      }
    }
    if (next == null || before == null || next.visible || !(milliseconds > 0)) {
      settle()
      return
    }
    const opacity = opacities.get(figure) ?? 1
    const above = frames.indexOf(next) > frames.indexOf(before) ? next : before
    const begun = performance.now()
    let request = 0
    const step = (now) => {
      const share = Math.min(Math.max((now - begun) / milliseconds, 0), 1)
      if (share < 1) {
        quietly(above.glyph, {global_alpha: opacity * (above === next ? share : 1 - share)})
        request = requestAnimationFrame(step)
      } else {
        finish()
      }
    }
    finish = () => {
      cancelAnimationFrame(request)
      settle()
      quietly(above.glyph, {global_alpha: opacity})
    }
    quietly(above.glyph, {global_alpha: above === next ? 0 : opacity})
    quietly(next, {visible: true})
    request = requestAnimationFrame(step)
  }
}
