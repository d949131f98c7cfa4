"""What the server changes while React is at work is on the screen in the end."""

from playwright.sync_api import expect

# A slow machine: React's scheduler believes that each piece of work took its whole slice, so that it tells what it has
# drawn only in its next turn. Observers are called between the two.
HELP = """
const now = performance.now.bind(performance)
let late = 0
performance.now = () => now() + (late += 10)
const data = (name) => {
  for (const model of Bokeh.documents[0]._all_models.values())
    if (model.data?.attributes && model.css_classes?.includes?.(name)) return model.data
}
const everywhere = (node) => [node, ...node.querySelectorAll("*")].flatMap(
  (one) => one.shadowRoot ? [one, ...everywhere(one.shadowRoot)] : [one])
const shows = (text) => everywhere(document).some((one) => one.tagName === "BUTTON" && one.textContent === text)
const drawn = (text) => new Promise((done) => {
  const observer = new MutationObserver(() => shows(text) && (observer.disconnect(), done()))
  const options = {subtree: true, childList: true, characterData: true}
  for (const one of everywhere(document)) if (one.shadowRoot) observer.observe(one.shadowRoot, options)
  observer.observe(document, options)
})
const frames = (count) => new Promise((done) => {
  const next = () => count-- ? requestAnimationFrame(next) : setTimeout(done)
  next()
})
"""


def test_of_two_changes_in_a_row_the_later_stays(dashboard):
    label = dashboard.page.evaluate(
        f"""async () => {{
          {HELP}
          const button = data("t-dismiss")
          const waiting = drawn("older")
          button.label = "older"
          await waiting
          button.label = "newer"
          await frames(20)
          return button.label
        }}"""
    )
    assert label == "newer"
    expect(dashboard.button("t-dismiss")).to_have_text("newer")


def test_a_change_just_after_a_component_was_drawn_is_shown(dashboard):
    page = dashboard.page
    page.get_by_role("tab", name="Timelapse").click()
    expect(dashboard.button("t-dismiss")).to_be_hidden()
    page.evaluate(
        f"""() => {{
          {HELP}
          const button = data("t-dismiss")
          window.changed = false
          for (const name of ["appendChild", "insertBefore"]) {{
            const original = Node.prototype[name]
            Node.prototype[name] = function (node, ...rest) {{
              if (!changed && node.textContent === "Start on my own") {{
                window.changed = true
                button.label = "changed"
              }}
              return original.call(this, node, ...rest)
            }}
          }}
        }}"""
    )
    page.get_by_role("tab", name="Map").click()
    page.wait_for_function("changed")
    expect(dashboard.button("t-dismiss")).to_have_text("changed")
