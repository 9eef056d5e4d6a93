import { useElementSize } from '@mantine/hooks'
import { Text } from '@mantine/core'
import style from './BarChart.module.css'

export type Bar = { key: string; label: string; values: number[] }

type Props = {
  title: string
  /** Names of the values of a bar, from the bottom up. */
  series: string[]
  bars: Bar[]
  /** Written behind figures, such as %. */
  unit?: string
  /** The axis goes up to this at least. */
  atLeast?: number
}

const height = 220
const left = 44
const bottom = 26
const top = 10

/** nice is a round number of at least n for the end of an axis, of which a quarter is round, too. */
function nice(n: number): number {
  if (n <= 4) return 4
  const p = 10 ** Math.floor(Math.log10(n))
  return [1, 1.2, 1.6, 2, 4, 6, 8, 10].map((f) => f * p).find((x) => x >= n && x % 4 === 0) ?? n
}

/** BarChart draws stacked bars. What it shows is in a table, too: it is a picture to those who see it and one sentence to others. */
export function BarChart({ title, series, bars, unit = '', atLeast = 0 }: Props) {
  const { ref, width } = useElementSize()
  const sum = (b: Bar) => b.values.reduce((x, y) => x + y, 0)
  const max = nice(Math.max(atLeast, ...bars.map(sum)))
  const inner = Math.max(0, width - left)
  const step = bars.length > 0 ? inner / bars.length : 0
  const y = (n: number) => top + (height - top - bottom) * (1 - n / max)
  const every = Math.max(1, Math.ceil((bars.length * 70) / Math.max(inner, 1)))
  const wide = Math.min(72, step * 0.78)
  return (
    <figure className={style.figure}>
      <figcaption className={style.caption}>
        <Text fw={600} size="sm">
          {title}
        </Text>
        {series.length > 1 && (
          <span className={style.legend}>
            {series.map((s, i) => (
              <span key={s}>
                <span className={style.key} data-series={i} aria-hidden /> {s}
              </span>
            ))}
          </span>
        )}
      </figcaption>
      <div ref={ref}>
        <svg width="100%" height={height} role="img" aria-label={title}>
          {[0, 0.25, 0.5, 0.75, 1].map((f) => (
            <g key={f}>
              <line x1={left} x2={width} y1={y(f * max)} y2={y(f * max)} className={style.grid} />
              <text x={left - 8} y={y(f * max) + 4} textAnchor="end" className={style.text}>
                {Math.round(f * max * 10) / 10}
                {unit}
              </text>
            </g>
          ))}
          {bars.map((b, i) => {
            let below = 0
            return (
              <g key={b.key} className={style.bar}>
                <rect x={left + i * step} y={top} width={step} height={height - top - bottom} className={style.hit} />
                {b.values.map((v, s) => {
                  const from = below
                  below += v
                  return v > 0 && <rect key={s} x={left + (i + 0.5) * step - wide / 2} y={y(below)} width={Math.max(1, wide)} height={y(from) - y(below)} rx={2} data-series={s} />
                })}
                {i % every === 0 && (
                  <text x={left + (i + 0.5) * step} y={height - 8} textAnchor="middle" className={style.text}>
                    {b.label}
                  </text>
                )}
                <title>{[b.label, ...series.map((s, j) => `${s}: ${Math.round((b.values[j] ?? 0) * 10) / 10}${unit}`)].join('\n')}</title>
              </g>
            )
          })}
        </svg>
      </div>
    </figure>
  )
}
