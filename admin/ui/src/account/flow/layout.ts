export type Node = { id: string; title: string; sub: string; kind: string; href?: string }
export type Edge = { from: string; to: string; label: string; active?: boolean }
export type Graph = { nodes: Node[]; edges: Edge[] }

export const box = { width: 190, height: 54, column: 320, row: 78, margin: 16 }

export type Placed = Node & { x: number; y: number }

/** merged are the edges with those between the same two in one. */
export function merged(edges: Edge[]): Edge[] {
  const by = new Map<string, Edge>()
  for (const e of edges) {
    const key = `${e.from}>${e.to}`
    const was = by.get(key)
    if (!was) by.set(key, { ...e })
    else was.active ||= e.active
    if (was && e.label && !was.label.split(', ').includes(e.label)) was.label = [was.label, e.label].filter(Boolean).join(', ')
  }
  return [...by.values()]
}

/**
 * arrange places a graph in columns: each node to the right of those that lead to it, except where calls go round in a
 * circle, and near the height of these.
 */
export function arrange({ nodes, edges }: Graph): { placed: Placed[]; width: number; height: number } {
  const out = new Map<string, string[]>()
  for (const e of edges) out.set(e.from, [...(out.get(e.from) ?? []), e.to])
  const column = new Map<string, number>()
  const visit = (id: string, at: number, path: Set<string>) => {
    if (path.has(id) || (column.get(id) ?? -1) >= at) return
    column.set(id, at)
    path.add(id)
    for (const to of out.get(id) ?? []) visit(to, at + 1, path)
    path.delete(id)
  }
  const led = new Set(edges.map((e) => e.to))
  for (const n of nodes) if (!led.has(n.id)) visit(n.id, 0, new Set())
  for (const n of nodes) if (!column.has(n.id)) visit(n.id, 0, new Set())

  const columns: Node[][] = []
  for (const n of nodes) (columns[column.get(n.id)!] ??= []).push(n)
  const y = new Map<string, number>()
  const placed: Placed[] = []
  columns.forEach((list, i) => {
    const wish = (n: Node, j: number) => {
      const from = edges.filter((e) => e.to === n.id && y.has(e.from)).map((e) => y.get(e.from)!)
      return from.length ? from.reduce((a, b) => a + b, 0) / from.length : j * box.row
    }
    const wished = list.map((n, j) => ({ n, at: wish(n, j) })).sort((a, b) => a.at - b.at)
    // Not on each other, and in the middle of where they want to be.
    const middle = wished.reduce((a, w) => a + w.at, 0) / wished.length
    const first = Math.max(0, middle - ((wished.length - 1) * box.row) / 2)
    wished.forEach(({ n }, j) => {
      const at = first + j * box.row
      y.set(n.id, at)
      placed.push({ ...n, x: box.margin + i * box.column, y: box.margin + at })
    })
  })
  const right = Math.max(0, ...placed.map((p) => p.x + box.width))
  const bottom = Math.max(0, ...placed.map((p) => p.y + box.height))
  return { placed, width: right + box.margin, height: bottom + box.margin }
}

/** Ends are the heights at which a line leaves its one box and comes to the other. */
export type Ends = { from: number; to: number }

/** ports give the lines of a box places of their own at its sides, in the order of where they come from and go to. */
export function ports(edges: Edge[], placed: Placed[]): Map<Edge, Ends> {
  const at = new Map(placed.map((p) => [p.id, p]))
  const out = new Map(edges.map((e) => [e, { from: 0, to: 0 }]))
  const spread = (own: 'from' | 'to', other: 'from' | 'to') => {
    for (const p of placed) {
      const lines = edges.filter((e) => e[own] === p.id).sort((a, b) => at.get(a[other])!.y - at.get(b[other])!.y)
      lines.forEach((e, i) => (out.get(e)![own] = p.y + ((i + 1) * box.height) / (lines.length + 1)))
    }
  }
  spread('from', 'to')
  spread('to', 'from')
  return out
}
