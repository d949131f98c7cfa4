// What the maps share: lengths and areas on the WGS 84 ellipsoid of what is drawn in Web Mercator metres, and their
// layout. Read together with area_map.js and stage_tools.js.

const EARTH = 6378137 // m, semi-major axis, also the radius of Web Mercator
const FLATTENING = 1 / 298.257223563
const E2 = FLATTENING * (2 - FLATTENING)

const latitudeOf = (y) => Math.atan(Math.sinh(y / EARTH))

// Authalic integrand: the area of the ellipsoid between the equator and a parallel, for one radian of longitude.
const authalic = (latitude) => {
  const e = Math.sqrt(E2)
  const s = e * Math.sin(latitude)
  return (EARTH * EARTH * (1 - E2) / 2) * (Math.sin(latitude) / (1 - s * s) + Math.atanh(s) / e)
}

const ringArea = (ring) => {
  let sum = 0
  for (let i = 0; i < ring.length; i++) {
    const [x0, y0] = ring[i]
    const [x1, y1] = ring[(i + 1) % ring.length]
    const steps = Math.min(64, 1 + Math.ceil(Math.hypot(x1 - x0, y1 - y0) / 20000))
    for (let k = 0; k < steps; k++) {
      const middle = y0 + (y1 - y0) * (k + 0.5) / steps
      sum += (x1 - x0) / steps / EARTH * authalic(latitudeOf(middle))
    }
  }
  return Math.abs(sum)
}

const contains = (ring, x, y) => {
  let inside = false
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i]
    const [xj, yj] = ring[j]
    if ((yi > y) !== (yj > y) && x < (xj - xi) * (y - yi) / (yj - yi) + xi) inside = !inside
  }
  return inside
}

// Even-odd rule: a ring within another one is a hole.
const areaOf = (rings) => rings.reduce((sum, ring) => {
  const depth = rings.filter((other) => other !== ring && contains(other, ...ring[0])).length
  return sum + (depth % 2 ? -1 : 1) * ringArea(ring)
}, 0)

const boundsOf = (rings) => rings.flat().reduce(
  ([west, south, east, north], [x, y]) => [Math.min(west, x), Math.min(south, y), Math.max(east, x), Math.max(north, y)],
  [Infinity, Infinity, -Infinity, -Infinity],
)

const groundPerMercatorX = (latitude) => Math.cos(latitude) / Math.sqrt(1 - E2 * Math.sin(latitude) ** 2)

const sizeOf = ([west, south, east, north]) => {
  const middle = (latitudeOf(south) + latitudeOf(north)) / 2
  const meridian = EARTH * (1 - E2) / (1 - E2 * Math.sin(middle) ** 2) ** 1.5
  return [(east - west) * groundPerMercatorX(middle), (latitudeOf(north) - latitudeOf(south)) * meridian]
}

const digits = (value) => value.toLocaleString("en", {maximumFractionDigits: value >= 100 ? 0 : value >= 10 ? 1 : 2})

// As the server says it too: words.py.
const surfaceWords = (squareMetres) => {
  const kilometres = squareMetres / 1e6
  if (kilometres < 1) return `${(kilometres * 100).toFixed(1)} ha`
  if (kilometres < 100) return `${kilometres.toFixed(1)} km²`
  return `${kilometres.toLocaleString("en", {maximumFractionDigits: 0}).replaceAll(",", "\u202f")} km²`
}

const lengthWords = (metres) => (metres < 1000 ? `${Math.round(metres)} m` : `${digits(metres / 1e3)} km`)

// Of a line between two corners, by its extent to the east and to the north: good to a thousandth over 100 km.
const lineLength = (line) => Math.hypot(...sizeOf(boundsOf([line])))

const measure = (rings) => {
  const [width, height] = sizeOf(boundsOf(rings))
  const small = Math.max(width, height) < 1000
  const sides = small ? `${Math.round(width)} × ${Math.round(height)} m` : `${digits(width / 1e3)} × ${digits(height / 1e3)} km`
  return [surfaceWords(areaOf(rings)), sides]
}

// What a scale bar says and how many pixels long it is, at most `longest`: `perPixel` are metres of Web Mercator, true at
// the equator only.
const scaleBar = (perPixel, latitude, longest) => {
  const ground = perPixel * groundPerMercatorX(latitude)
  const power = 10 ** Math.floor(Math.log10(ground * longest))
  const length = [5, 2, 1].map((step) => step * power).find((metres) => metres / ground <= longest)
  return [length >= 1000 ? `${length / 1000} km` : `${Number(length.toPrecision(1))} m`, Math.round(length / ground)]
}

// Bokeh lays out anew when the whole page changes its size; it hears nothing of a part of it that fills the screen.
const relaid = (figure) => {
  if (figure != null) requestAnimationFrame(() => globalThis.Bokeh.index.find_one(figure)?.invalidate_layout())
}
