import { useTexts } from '..'

const en = {
  'title': 'Call flow',
  'start': 'Begin at',
  'start.all': 'all numbers',
  'empty': 'There is nothing to draw yet. Add a number and say in a numbering plan where it goes.',
  'empty.link': 'To the numbering plans',
  'help': 'Where calls go, from left to right. Choose a box to change it. Thick lines: the plan that is active now.',
  'large': 'Only the first {n} extensions are drawn. Begin at one number to see less.',
  'outside': 'Number outside',
  'number': 'Your number',
  'members': '{n} members',
  'agents': '{n} agents',
  'else': 'otherwise',
  'always': 'always',
  'busy': 'busy',
  'no_answer': 'no answer',
  'unreachable': 'no phone',
  'rejected': 'rejected',
  'full': 'full or too long',
  'no_agent': 'nobody there',
  'breakout': 'key 1',
  'within': 'within the limit',
  'above': 'above the limit',
  'mobile': 'mobile',
  'blocked': 'no number',
  'key': 'key {digits}',
  'known': 'known',
  'gone': 'does not exist',
}

const nl: typeof en = {
  'title': 'Gespreksverloop',
  'start': 'Beginnen bij',
  'start.all': 'alle nummers',
  'empty': 'Er is nog niets te tekenen. Voeg een nummer toe en zeg in een nummerplan waar het heen gaat.',
  'empty.link': 'Naar de nummerplannen',
  'help': 'Waar gesprekken heen gaan, van links naar rechts. Kies een vak om het te wijzigen. Dikke lijnen: het plan dat nu actief is.',
  'large': 'Alleen de eerste {n} toestellen zijn getekend. Begin bij één nummer om minder te zien.',
  'outside': 'Extern nummer',
  'number': 'Uw nummer',
  'members': '{n} leden',
  'agents': '{n} medewerkers',
  'else': 'anders',
  'always': 'altijd',
  'busy': 'bezet',
  'no_answer': 'geen gehoor',
  'unreachable': 'geen telefoon',
  'rejected': 'geweigerd',
  'full': 'vol of te lang',
  'no_agent': 'niemand aanwezig',
  'breakout': 'toets 1',
  'within': 'binnen de limiet',
  'above': 'boven de limiet',
  'mobile': 'mobiel',
  'blocked': 'zonder nummer',
  'key': 'toets {digits}',
  'known': 'bekend',
  'gone': 'bestaat niet',
}

const texts = { en, nl }

export type FlowText = (key: keyof typeof en, values?: Record<string, string | number>) => string

export const useFlowTexts = (): FlowText => useTexts(texts)
