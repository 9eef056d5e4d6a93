import type { Schemas } from '../../api/client'

export type Period = Schemas['RosterPeriod']

export const days = ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'] as const
export const dayMinutes = 1440
const weekMinutes = 7 * dayMinutes

function minutes(time: string): number {
  const [h, m] = time.split(':').map(Number)
  return (h ?? 0) * 60 + (m ?? 0)
}

/** clock is a minute of a day as 09:30. */
export function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}

/** spanOf is the begin of a period as a minute of the week, and its length. */
function spanOf(p: Period): { from: number; length: number } | null {
  const [a, b] = [days.indexOf(p.start_day as (typeof days)[number]), days.indexOf(p.end_day as (typeof days)[number])]
  if (a < 0 || b < 0 || !p.start || !p.end) return null
  const from = a * dayMinutes + minutes(p.start)
  const to = b * dayMinutes + minutes(p.end)
  const length = (((to - from) % weekMinutes) + weekMinutes) % weekMinutes || weekMinutes
  return Number.isFinite(length) ? { from, length } : null
}

/** paint gives each minute of the week the plan that is active by the periods, 0 where none is: the shortest period goes before others. */
export function paint(periods: Period[]): Uint8Array {
  const week = new Uint8Array(weekMinutes)
  const spans = periods.flatMap((p) => {
    const s = spanOf(p)
    return s ? [{ ...s, plan: p.plan }] : []
  })
  for (const s of spans.sort((a, b) => b.length - a.length)) {
    for (let i = 0; i < s.length; i++) week[(s.from + i) % weekMinutes] = s.plan || 0
  }
  return week
}

/** periodsOf makes periods of a painted week; none lies in another. */
export function periodsOf(week: Uint8Array): Period[] {
  const out: Period[] = []
  // A period that goes over the end of the week begins in it, not at its begin.
  let begin = 0
  if (week[0] && week[0] === week[weekMinutes - 1]) {
    while (begin < weekMinutes && week[begin] === week[0]) begin++
    if (begin === weekMinutes) return [{ start_day: 'mo', start: '00:00', end_day: 'su', end: '24:00', plan: week[0] }]
  }
  for (let i = begin; i < begin + weekMinutes; ) {
    const plan = week[i % weekMinutes]!
    let end = i + 1
    while (end < begin + weekMinutes && week[end % weekMinutes] === plan) end++
    if (plan) {
      const last = (end - 1) % weekMinutes
      const from = i % weekMinutes
      out.push({
        start_day: days[Math.floor(from / dayMinutes)],
        start: clock(from % dayMinutes),
        end_day: days[Math.floor(last / dayMinutes)],
        end: clock((last % dayMinutes) + 1),
        plan,
      })
    }
    i = end
  }
  return out
}

export type Block = { from: number; to: number; plan: number }

/** blocksOf are the blocks of one day of a painted week, in minutes of the day. */
export function blocksOf(week: Uint8Array, day: number): Block[] {
  const out: Block[] = []
  for (let i = 0; i < dayMinutes; ) {
    const plan = week[day * dayMinutes + i]!
    let end = i + 1
    while (end < dayMinutes && week[day * dayMinutes + end] === plan) end++
    if (plan) out.push({ from: i, to: end, plan })
    i = end
  }
  return out
}

/** brushed is the week with a plan (0: none) on some days at some time of day. */
export function brushed(week: Uint8Array, firstDay: number, lastDay: number, from: number, to: number, plan: number): Uint8Array {
  const out = week.slice()
  for (let d = firstDay; d <= lastDay; d++) out.fill(plan, d * dayMinutes + from, d * dayMinutes + to)
  return out
}
