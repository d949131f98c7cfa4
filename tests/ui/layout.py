"""What a person could not use on a page: controls that are cut off, covered, or outside the window."""

from __future__ import annotations

import time

from playwright.sync_api import Page

# A control that lies in a part that scrolls is first scrolled to. Returns one sentence for each that is not right.
_PROBLEMS = """(top) => {
  const SELECTOR = "button, input, select, textarea, summary, a[href], [role=combobox], [role=tab], [role=slider]"
  const inner = (root) => [...root.querySelectorAll("*")].flatMap((one) =>
    [...(one.matches(SELECTOR) ? [one] : []), ...(one.shadowRoot == null ? [] : inner(one.shadowRoot))])
  const above = (one) => one.assignedSlot ?? one.parentNode ?? one.host
  const within = (one, other) => one != null && (one === other || within(above(one), other))
  const at = (x, y, root = document) => {
    const found = root.elementFromPoint(x, y)
    // A shadow root answers with its own host where nothing of it lies.
    return found?.shadowRoot == null || found === root.host ? found : at(x, y, found.shadowRoot) ?? found
  }
  const seen = (one) => {
    const box = one.getBoundingClientRect()
    return box.width > 1 && box.height > 1 && one.checkVisibility({opacityProperty: false, visibilityProperty: true})
  }
  const named = (one) => {
    const label = one.getAttribute("aria-label") || one.labels?.[0]?.textContent || one.textContent || one.title || ""
    return `${one.localName} "${label.trim().slice(0, 40)}"`
  }
  // What a person sees of a control: of inputs without a face it is what they belong to.
  const face = (one) => one.closest("label, .MuiSlider-root, .MuiSwitch-root, .MuiFormControl-root") ?? one
  const told = (...numbers) => numbers.map(Math.round).join(", ")
  const problems = []
  for (const one of inner(top).filter(seen)) {
    face(one).scrollIntoView({block: "nearest", inline: "nearest"})
    const {left, right, top, bottom} = face(one).getBoundingClientRect()
    const [x, y] = [(left + right) / 2, (top + bottom) / 2]
    if (left < -1 || right > innerWidth + 1 || top < -1 || bottom > innerHeight + 1) {
      problems.push(`${named(one)} is outside the window: ${told(left, top, right, bottom)}`)
      continue
    }
    const hit = at(x, y)
    if (hit != null && !within(hit, face(one)) && !within(face(one), hit)) {
      problems.push(`${named(one)} is covered by ${hit.localName}.${hit.className} at ${told(x, y)}`)
    }
    const wide = one.matches("button, [role=tab]") && one.textContent.trim() !== ""
    if (wide && one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 2) {
      problems.push(`${named(one)} is cut off: ${one.scrollWidth} in ${one.clientWidth} px`)
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) {
    problems.push(`the page is ${document.documentElement.scrollWidth} px wide in ${innerWidth}`)
  }
  return problems
}"""


def layout_problems(page: Page, part: str = "body", seconds: float = 5) -> list[str]:
    """Return a sentence for each control of a part of the page that cannot be seen and reached with the mouse.

    What slides or fades has some seconds to come to rest.
    """
    end = time.monotonic() + seconds
    while (found := list(page.locator(part).evaluate(_PROBLEMS))) and time.monotonic() < end:
        page.wait_for_timeout(50)
    return found
