import type { Language } from '../messages'

// Names of the API's fields in other languages; in English a field is called what it is called.
const dutch: Record<string, string> = {
  number: 'Nummer',
  name: 'Naam',
  kind: 'Soort',
  enabled: 'Actief',
  country: 'Land',
  language: 'Taal',
  time_zone: 'Tijdzone',
  extension_length: 'Cijfers per toestel',
  area_code: 'Netnummer',
  caller_id: 'Getoond nummer',
  emergency_caller_id: 'Nummer bij noodoproepen',
  call_limit: 'Gelijktijdige gesprekken',
  park_timeout: 'Parkeertijd (s)',
  description: 'Omschrijving',
  password: 'Wachtwoord',
  email: 'E-mailadres',
  role: 'Rol',
  user: 'Gebruiker',
  group: 'Groep',
  members: 'Leden',
  options: 'Keuzes',
  digits: 'Cijfers',
  destination: 'Bestemming',
  prefix: 'Voorvoegsel',
  announcement: 'Meldtekst',
  fallback: 'Anders naar',
  fallback_prefix: 'Voorvoegsel anders',
  tries: 'Pogingen',
  forwards: 'Doorschakelen',
  always: 'Altijd',
  busy: 'Bij bezet',
  no_answer: 'Bij geen gehoor',
  unreachable: 'Bij onbereikbaar',
  rejected: 'Bij weigeren',
  ring_timeout: 'Beltijd (s)',
  offer_second_call: 'Tweede gesprek aanbieden',
  permissions: 'Rechten',
  personal: 'Van gebruiker',
  secure: 'Versleuteld',
  queue: 'Wachtrij',
  ivr: 'Keuzemenu',
  forward: 'Doorschakeling',
  auto_answer: 'Automatisch antwoord',
  time: 'Tijdroutering',
  limit: 'Gesprekslimiet',
  location: 'Locatieroutering',
  authentication: 'Toegangscontrole',
  picker: 'Doorkiezen',
  voicemail: 'Voicemail',
}

const english: Record<string, string> = {
  ivr: 'Menu (IVR)',
  pin: 'PIN',
  dtmf: 'DTMF',
  caller_id: 'Caller ID shown',
  emergency_caller_id: 'Caller ID of emergency calls',
  auto_answer: 'Auto-answer',
  time: 'Time-based routing',
  limit: 'Call limit',
  location: 'Location-based routing',
  picker: 'Extension picker',
}

/** label is what a field is called. */
export function label(key: string, language: Language): string {
  const own = language === 'nl' ? dutch[key] : english[key]
  if (own) return own
  const words = key.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
