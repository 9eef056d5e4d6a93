/** wall is the wall clock of an instant in a time zone, as if it were UTC. */
function wall(at: number, zone: string | undefined): number {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at)
  const n = (type: string) => Number(parts.find((p) => p.type === type)?.value)
  return Date.UTC(n('year'), n('month') - 1, n('day'), n('hour'), n('minute'), n('second'))
}

/** dayOf is the day of an instant in a time zone, as 2026-11-28. */
export function dayOf(at: number, zone: string | undefined): string {
  return new Date(wall(at, zone)).toISOString().slice(0, 10)
}

/** startOf is the instant at which a day begins in a time zone. */
export function startOf(day: string, zone: string | undefined): Date {
  return instantOf(`${day}T00:00`, zone)
}

/** wallOf is an instant as the clock on a wall in a time zone shows it: 2026-11-28T09:30. */
export function wallOf(at: number, zone: string | undefined): string {
  return new Date(wall(at, zone)).toISOString().slice(0, 16)
}

/** instantOf is the instant at which the clock on a wall in a time zone shows 2026-11-28T09:30. */
export function instantOf(shown: string, zone: string | undefined): Date {
  const wish = Date.parse(`${shown}:00Z`)
  let at = wish
  // Twice: the first guess may be on the other side of a change of the clocks.
  for (let i = 0; i < 2; i++) at -= wall(at, zone) - wish
  return new Date(at)
}

/** plusDays is the day so many days later. */
export function plusDays(day: string, n: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + n * 86_400_000).toISOString().slice(0, 10)
}
