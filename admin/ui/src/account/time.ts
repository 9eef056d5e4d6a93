/** locale is how dates are written: English ones as in Europe, where the day comes first. */
export function locale(language: string): string {
  return language === 'en' ? 'en-GB' : language
}

/** moment shows an instant in the account's time zone. */
export function moment(at: string | undefined, zone: string | undefined, language: string): string {
  if (!at) return '–'
  return new Intl.DateTimeFormat(locale(language), { dateStyle: 'short', timeStyle: 'medium', timeZone: zone }).format(new Date(at))
}

/** span shows seconds as minutes and seconds, with hours when there are any. */
export function span(seconds: number): string {
  const s = Math.round(seconds)
  const two = (n: number) => String(n).padStart(2, '0')
  const [hours, minutes] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60)]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`
}
