import { useId, useMemo } from 'react'
import { useNavigate } from 'react-router'
import style from './Drawing.module.css'
import { arrange, box, ports, type Ends, type Graph, type Placed } from './layout'

const colours: Record<string, string> = {
  number: 'teal',
  user: 'blue',
  group: 'indigo',
  ivr: 'orange',
  queue: 'grape',
  time: 'cyan',
  location: 'cyan',
  limit: 'yellow',
  voicemail: 'pink',
  auto_answer: 'pink',
  outside: 'gray',
}

function short(s: string, n: number): string {
  return s.length > n ? `${s.slice(0, n - 1)}…` : s
}

/** Drawing is a graph as a picture whose boxes are links. */
export function Drawing({ graph, name }: { graph: Graph; name: string }) {
  const { placed, width, height } = useMemo(() => arrange(graph), [graph])
  const head = useId()
  const at = new Map(placed.map((p) => [p.id, p]))
  const ends = useMemo(() => ports(graph.edges, placed), [graph, placed])
  return (
    <svg width="100%" style={{ minWidth: width * 0.72, maxWidth: width }} viewBox={`0 0 ${width} ${height}`} role="group" aria-label={name} className={style.drawing}>
      <defs>
        <marker id={head} viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="11" markerHeight="11" orient="auto-start-reverse">
          <path d="M0 0 8 4 0 8Z" className={style.head} />
        </marker>
      </defs>
      {graph.edges.map((e) => (
        <Line key={`${e.from}>${e.to}`} from={at.get(e.from)!} to={at.get(e.to)!} ends={ends.get(e)!} label={e.label} active={e.active ?? false} head={head} />
      ))}
      {placed.map((p) => (
        <Box key={p.id} node={p} />
      ))}
    </svg>
  )
}

function Line({ from, to, ends, label, active, head }: { from: Placed; to: Placed; ends: Ends; label: string; active: boolean; head: string }) {
  const back = to.x <= from.x
  const [x1, y1] = [from.x + box.width, ends.from]
  const [x2, y2] = back ? [to.x + box.width / 2, to.y + box.height] : [to.x, ends.to]
  const bend = Math.max(50, Math.abs(x2 - x1) / 2)
  const d = back ? `M${x1} ${y1} C${x1 + 60} ${y1 + 90} ${x2} ${y2 + 90} ${x2} ${y2 + 2}` : `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 2} ${y2}`
  return (
    <g>
      <path d={d} className={style.line} data-active={active} markerEnd={`url(#${head})`} />
      {label && (
        // Beside the box where it ends, where lines are apart.
        <text x={back ? x1 + 8 : x2 - 16} y={back ? y1 + 24 : y2 - 6} textAnchor={back ? 'start' : 'end'} className={style.label} data-active={active}>
          <title>{label}</title>
          {short(label, 20)}
        </text>
      )}
    </g>
  )
}

function Box({ node }: { node: Placed }) {
  const go = useNavigate()
  const colour = colours[node.kind] ?? 'lime'
  const drawn = (
    <g transform={`translate(${node.x} ${node.y})`}>
      <title>{`${node.title}, ${node.sub}`}</title>
      <rect width={box.width} height={box.height} rx={8} className={style.back} />
      <rect
        width={box.width}
        height={box.height}
        rx={8}
        className={style.box}
        style={{ fill: `var(--mantine-color-${colour}-light)`, stroke: `var(--mantine-color-${colour}-outline)` }}
      />
      <text x={12} y={23} className={style.title}>
        {short(node.title, 24)}
      </text>
      <text x={12} y={41} className={style.sub}>
        {short(node.sub, 28)}
      </text>
    </g>
  )
  if (!node.href) return drawn
  return (
    <a
      href={node.href}
      className={style.link}
      onClick={(e) => {
        if (e.ctrlKey || e.metaKey || e.shiftKey) return
        e.preventDefault()
        void go(node.href!)
      }}
    >
      {drawn}
    </a>
  )
}
