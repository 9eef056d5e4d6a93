import type { paths } from '../../api/schema'
import { locale } from '../time'
import { dayOf, plusDays, startOf } from '../zone'

export type Interval = NonNullable<NonNullable<paths['/api/v1/accounts/{account}/queues/{queue}/statistics']['get']['parameters']['query']>['interval']>

export const intervals: Interval[] = ['quarter', 'hour', 'day', 'week', 'month']

export const presets = ['today', 'yesterday', 'week', 'month', 'own'] as const
export type Preset = (typeof presets)[number]

/** Period is of which days there are figures, both included, and by what. */
export type Period = { preset: Preset; from: string; to: string; interval: Interval; level: number | undefined }

/** periodOf is what a preset stands for today. */
export function periodOf(preset: Preset, zone: string | undefined): Pick<Period, 'from' | 'to' | 'interval'> {
  const today = dayOf(Date.now(), zone)
  switch (preset) {
    case 'yesterday':
      return { from: plusDays(today, -1), to: plusDays(today, -1), interval: 'hour' }
    case 'week':
      return { from: plusDays(today, -6), to: today, interval: 'day' }
    case 'month':
      return { from: plusDays(today, -29), to: today, interval: 'day' }
    default:
      return { from: today, to: today, interval: 'hour' }
  }
}

/** queryOf is a period as the API is asked for it. */
export function queryOf(p: Period, zone: string | undefined) {
  return {
    from: startOf(p.from, zone).toISOString(),
    to: startOf(plusDays(p.to, 1), zone).toISOString(),
    interval: p.interval,
    ...(p.level ? { level: p.level } : {}),
  }
}

/** shortest is how an interval is called below a bar. */
export function shortest(start: string, interval: Interval, zone: string | undefined, language: string): string {
  const fine = interval === 'quarter' || interval === 'hour'
  const format: Intl.DateTimeFormatOptions = fine ? { hour: '2-digit', minute: '2-digit' } : interval === 'month' ? { month: 'short', year: '2-digit' } : { day: 'numeric', month: 'short' }
  return new Intl.DateTimeFormat(locale(language), { ...format, timeZone: zone }).format(new Date(start))
}
