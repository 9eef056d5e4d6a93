/** moment shows an instant in the account's time zone. */
export function moment(at: string | undefined, zone: string | undefined, language: string): string {
  if (!at) return '–'
  return new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'medium', timeZone: zone }).format(new Date(at))
}

/** span shows seconds as minutes and seconds. */
export function span(seconds: number): string {
  const s = Math.round(seconds)
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`
}
