import { readFileSync } from 'node:fs'
import { until } from '../runner/expect.js'
import type { Company } from '../runner/api.js'
import { talk, type Phone } from '../runner/phone.js'
import { password, type World } from '../runner/world.js'

const people = {
  '101': 'Anna Visser',
  '102': 'Bram de Boer',
  '103': 'Carla Jansen',
  '104': 'Daan Smit',
  '105': 'Eva Mulder',
  '106': 'Finn Bos',
  '107': 'Gijs de Wit',
}

/** Showcase is a company as a real one is, on a platform with others. */
export type Showcase = { company: Company; anna: Phone; bram: Phone; carla: Phone; daan: Phone; /** Path of an order whose SIM is connected. */ order: string; }

/** showcase makes it, for pictures. */
export async function showcase(w: World): Promise<Showcase> {
  const partner = await platform(w)
  const company = await w.company('Bakery Van Dijk', { name: 'Bakery Van Dijk', partner })
  await extensions(company)
  await routing(company)
  const order = await orders(w, company)
  const phone = async (name: string, description: string, user: string) => {
    const made = await w.api.post<{ name: string; password: string }>(company.path('/channels'), { name: `${name}-${company.id}`, description, user, call_limit: 5 })
    return made
  }
  const anna = await w.phone(await phone('anna-desk', 'Desk phone', '101'))
  await phone('anna-mobile', 'Mobile app', '101')
  const bram = await w.phone(await phone('shop-counter', 'Counter', '102'))
  const carla = await w.phone(await phone('orders-1', 'Headset', '103'))
  const daan = await w.phone(await phone('orders-2', 'Headset', '104'))
  await phone('eva-home', 'Home office', '105')
  await sounds(w, company)
  await w.past(company, '400', company.number(3), ['103', '104', '105'])
  return { company, anna, bram, carla, daan, order }
}

/** platform are resellers, their people, other customers, carriers and prices. It returns the company's reseller. */
async function platform(w: World): Promise<number> {
  const partner = async (name: string) => (await w.api.post('/partners', { name })).id as number
  const north = await partner('North Telecom')
  const delta = await partner('Delta ICT')
  await partner('Van den Berg Telefonie')
  for (const [email, name, more] of [
    ['mara@callplane.example', 'Mara Hofman', { role: 'operator' }],
    ['rita@northtelecom.example', 'Rita Seller', { role: 'partner', partner: north }],
    ['joost@northtelecom.example', 'Joost Prins', { role: 'partner', partner: north }],
    ['lena@delta-ict.example', 'Lena Kuipers', { role: 'partner', partner: delta, enabled: false }],
  ] as const) {
    await w.api.post('/logins', { email, name, password, ...more })
  }
  for (const [name, more] of [
    ['Garage Bakker', { partner: north }],
    ['Notary Willems', { partner: delta }],
    ['Backhaus Berlin', { country: 'DE', area_code: '30' }],
    ['Clínica del Mar', { country: 'ES' }],
    ['Riga Logistics', { country: 'LV' }],
    ['Housing Corporation De Brug', { partner: delta, extension_length: 4 }],
    ['Physio Oost', { partner: north }],
  ] as [string, object][]) {
    await w.company(name, { name, caller_id: undefined, emergency_caller_id: undefined, area_code: undefined, ...more })
  }
  const carrier = { transport: 'tls', secure: true, username: 'callplane', password: 'secret', register: true, enabled: false }
  await w.api.post('/trunks', { name: 'north-carrier', host: 'sip.north-carrier.example', country: 'NL', priority: 10, channels: 240, ...carrier })
  await w.api.post('/trunks', { name: 'backup-carrier', host: 'sip.backup.example', country: 'NL', enabled: false, sources: ['192.0.2.0/24'], format: 'idd' })
  await w.api.post('/trunks', { name: 'berlin-voice', host: 'voice.berlin.example', country: 'DE', ...carrier })
  const prices: Record<string, [string, string, string]> = {
    starter: ['0', '4.95', '2.90'],
    advanced: ['5', '9.95', '6.50'],
    professional: ['5', '14.95', '9.90'],
    expert: ['5', '19.95', '13.50'],
    'data-2': ['0', '4', '2.50'],
    'data-10': ['0', '9', '6'],
    'data-50': ['0', '17.50', '12'],
    'sms-100': ['0', '2.50', '1.50'],
    'sms-all': ['0', '5', '3'],
    'call-recording': ['0', '3.50', '1.75'],
    assistant: ['0', '6', '4'],
    'bot-minutes': ['0', '45', '30'],
    ivr: ['15', '5', '2'],
    queue: ['25', '12.50', '7.50'],
    ai: ['50', '25', '15'],
  }
  for (const { code, ...item } of (await w.api.get<{ items: { code: string }[] }>('/price-list')).items) {
    const p = prices[code]
    if (p) await w.api.put(`/price-list/${code}`, { ...item, sales_once: p[0], sales_monthly: p[1], purchase_monthly: p[2] })
  }
  await w.api.put('/tariffs', { items: [
    { prefix: '+', name: 'International', per_call: '0.05', per_minute: '0.45', first: 60, step: 60 },
    { prefix: '+31', name: 'Netherlands, fixed', per_minute: '0.02' },
    { prefix: '+316', name: 'Netherlands, mobile', per_call: '0.05', per_minute: '0.0375' },
    { prefix: '+3188', name: 'Netherlands, companies', per_minute: '0.025' },
    { prefix: '+34', name: 'Spain', per_minute: '0.035' },
    { prefix: '+371', name: 'Latvia', per_minute: '0.06', first: 30, step: 6 },
    { prefix: '+49', name: 'Germany', per_minute: '0.03', first: 60, step: 60 },
    { prefix: '+4915', name: 'Germany, mobile', per_call: '0.05', per_minute: '0.09', first: 60, step: 60 },
  ] })
  return north
}

async function extensions(company: Company) {
  const make = (body: object) => company.api.post(company.path('/extensions'), body)
  for (const [number, name] of Object.entries(people)) {
    await company.user(number, name, { permissions: { parking: true, twinning: true, record_inbound: number === '101' || number === '102' }, ...(number === '106' ? { forwards: { no_answer: ['105'] } } : {}) })
  }
  await make({ number: '200', name: 'Shop', kind: 'group', group: { members: ['101', '102'] } })
  await make({ number: '210', name: 'Bakery floor', kind: 'group', group: { members: ['106', '107'] } })
  await make({ number: '400', name: 'Orders', kind: 'queue', queue: { strategy: 'longest_idle', announce_position: true, members: [{ extension: '103' }, { extension: '104' }, { extension: '105' }] } })
  await make({ number: '410', name: 'Wholesale', kind: 'queue', queue: { strategy: 'sequential', members: [{ extension: '105' }, { extension: '101' }] } })
  await make({ number: '500', name: 'Messages of the office', kind: 'voicemail', voicemail: { pin: '8351', email: 'office@bakery-vandijk.example' } })
  await make({ number: '510', name: 'Driver on duty', kind: 'forward', forward: { number: '+31612345678' } })
  await make({ number: '520', name: 'Voice bot', kind: 'ai', ai: { uri: 'sip:orders@bots.example', fallback: '400' } })
  await make({ number: '300', name: 'Welcome', kind: 'ivr', ivr: { max_digits: 1, fallback: '200', options: [{ digits: '1', destination: '400' }, { digits: '2', destination: '410' }, { digits: '3', destination: '200' }, { digits: '9', destination: '520' }] } })
  await company.api.post(company.path('/privacy-groups'), { name: 'Shop floor', members: ['101', '102', '106'] })
  await company.api.post(company.path('/privacy-groups'), { name: 'Order desk', members: ['103', '104', '105'] })
  await company.api.post(company.path('/tokens'), { name: 'Web shop', role: 'readonly' })
  for (const [email, name, more] of [
    ['anna@bakery-vandijk.example', 'Anna Visser', { role: 'admin' }],
    ['carla@bakery-vandijk.example', 'Carla Jansen', { role: 'supervisor' }],
    ['daan@bakery-vandijk.example', 'Daan Smit', { role: 'user', user: '104' }],
  ] as const) {
    await company.api.post(company.path('/logins'), { email, name, password, ...more })
  }
}

/** routing has the company open by day, and closed at night, on Sundays and holidays. */
async function routing(company: Company) {
  for (const [i, to] of ['300', '200', '400', '101'].entries()) await company.enter(company.number(i + 1), to)
  const schemes = await company.api.get<{ items: { id: number; main: boolean }[] }>(company.path('/schemes'))
  const main = company.path(`/schemes/${schemes.items.find((s) => s.main)!.id}`)
  await company.api.put(`${main}/plans/1`, { ...(await company.api.get(`${main}/plans/1`)), name: 'Open' })
  await company.api.post(`${main}/plans`, { number: 2, name: 'Closed', entries: [['500', 1], ['510', 2], ['400', 3], ['101', 4]].map(([destination, i]) => ({ number: company.number(Number(i)), destination })) })
  await company.api.put(`${main}/roster`, { periods: [
    { days: ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'], start: '00:00', end: '24:00', plan: 2 },
    { days: ['mo', 'tu', 'we', 'th', 'fr'], start: '07:30', end: '17:30', plan: 1 },
    { days: ['sa'], start: '08:00', end: '16:00', plan: 1 },
  ] })
  const year = new Date().getFullYear()
  await company.api.put(`${main}/holidays`, { holidays: [
    { name: 'Christmas', start: `${year}-12-25T00:00`, end: `${year}-12-27T00:00`, plan: 2 },
    { name: 'New Year’s Day', start: `${year + 1}-01-01T00:00`, end: `${year + 1}-01-02T00:00`, plan: 2 },
  ] })
}

/** orders hands out cards and places orders; it returns the path of one. */
async function orders(w: World, company: Company): Promise<string> {
  const card = (n: number) => `8931440001${String(company.id).padStart(6, '0')}${String(n).padStart(4, '0')}`
  await w.api.post(company.path('/sims'), { iccids: [4317, 4318, 4319, 4320, 4321].map(card) })
  const start = new Date().toISOString().slice(0, 10)
  const place = (body: object) => w.api.post(company.path('/orders'), { portfolio: 'Callplane', start, ...body })
  await place({ product: 'starter', extension: { existing: '102' } })
  await place({ product: 'ivr', extension: { existing: '300' } })
  await place({ product: 'expert', data: 'data-10', contract_months: 12, reference: 'PO-2044', extension: { number: '108', name: 'Hanna Kok' } })
  const made = await place({
    product: 'expert', data: 'data-50', sms: 'sms-all', add_ons: ['assistant', 'call-recording'], contract_months: 24, reference: 'PO-2041', sim: card(4317),
    extension: { existing: '101' }, subscriber: { first_name: 'Anna', last_name: 'Visser', email: 'anna@bakery-vandijk.example' },
  })
  return `/accounts/${company.id}/orders/${made.id}`
}

async function sounds(w: World, company: Company) {
  for (const [name, hz, seconds] of [['Welcome to the bakery', 500, 6], ['We are closed', 640, 4], ['House music', 880, 30]] as const) {
    const answer = await fetch(`${w.settings.url}/api/v1${company.path(`/audio?name=${encodeURIComponent(name)}`)}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${w.settings.token}`, 'Content-Type': 'audio/wav' },
      body: readFileSync(await w.tone(hz, seconds)),
    })
    if (!answer.ok) throw new Error(`upload ${name}: ${answer.status} ${await answer.text()}`)
  }
}

/** told has calls made that are recorded, a message left, and a memo told to the assistant. */
export async function told(s: Showcase) {
  const { company, anna, bram } = s
  await company.api.put(company.path('/recording-settings'), { enabled: true, indirect: true })
  for (const [from, to, number, answered] of [
    [bram, anna, '101', true],
    [anna, bram, '102', false],
    [anna, bram, '102', true],
  ] as const) {
    const there = await from.calls(number)
    const here = await to.isCalled()
    if (answered) {
      await here.answers()
      await there.answered()
      await talk(there, here)
    }
    await there.hangsUp()
    await here.ended()
  }
  const message = await bram.calls('500')
  await message.answered()
  await message.hums(700) // through the greeting, into the message
  await bram.staysQuiet(10_000)
  await message.hangsUp()
  const memo = await anna.calls('940')
  await memo.answered()
  await memo.hears(1400)
  await memo.hums(700)
  await anna.staysQuiet(4_000)
  await memo.hangsUp()
  await until('the assistant has heard it', async () => (await company.api.get(company.path('/assistant/results'))).items[0]?.state === 'done')
}

/** busy has a call between two people, one of the queue, and a caller who waits. */
export async function busy(w: World, s: Showcase) {
  const { company, anna, bram, carla } = s
  const inside = await anna.calls('102')
  const here = await bram.isCalled()
  await here.answers()
  await inside.answered()
  await w.api.put(company.path('/queues/400/agents/104'), { active: true, paused: 'Lunch' })
  await w.api.put(company.path('/queues/400/agents/105'), { active: false })
  const first = await w.carrier.calls(company.number(3), '+31206789012')
  const agent = await carla.isCalled()
  await agent.answers()
  await first.answered()
  await w.carrier.calls(company.number(3), '+31612345671')
  await until('somebody waits', async () => (await company.api.get(company.path('/queues/400/board'))).waiting === 1)
}
