import { locale } from '../time'

/** day shows a date such as 2026-11-28, whatever time zone it is of. */
export function day(date: string | undefined, language: string): string {
  if (!date) return '–'
  return new Intl.DateTimeFormat(locale(language), { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${date}T00:00:00Z`))
}

/** money shows an amount that came as a decimal number; call rates may have more than two places. */
export function money(amount: string, currency: string, language: string): string {
  const places = Math.max(2, amount.split('.')[1]?.length ?? 0)
  return new Intl.NumberFormat(locale(language), { style: 'currency', currency, minimumFractionDigits: 2, maximumFractionDigits: places }).format(Number(amount))
}

/** sum adds decimal numbers up without the rounding of floating point: in millionths. */
export function sum(amounts: string[]): string {
  const micros = amounts.reduce((n, a) => n + Math.round(Number(a) * 1e6), 0)
  return (micros / 1e6).toFixed(2)
}
