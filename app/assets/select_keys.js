// The selects of panel-material-ui (0.16) open by a click alone: whoever comes by keyboard opens them as any other.
document.addEventListener("keydown", (event) => {
  const select = event.composedPath()[0]
  const closed = select?.matches?.(".MuiSelect-select[role=combobox][aria-expanded=false]")
  if (closed && ["Enter", " ", "ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault()
    select.click()
  }
})
