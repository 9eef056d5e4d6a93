import type { Browser, BrowserContext, BrowserContextOptions, Page, Request } from 'playwright-core'
import { Api, Company, type Credentials } from './api.js'
import type { Document } from './document.js'
import { until } from './expect.js'
import { ask, type Settings } from './link.js'
import { Phone } from './phone.js'

export type Role = 'operator' | 'partner' | 'admin' | 'readonly' | 'recordings' | 'own-recordings' | 'supervisor' | 'user'

export const password = 'a long password'

let companies = 0

/** World is what a spec works with; all of it ends with the spec. */
export class World {
  readonly api: Api
  private readonly contexts: BrowserContext[] = []
  private readonly odd: string[] = []
  /** Operations that pages have asked for so far. */
  readonly asked = new Set<string>()
  private readonly pending = new Map<Page, () => number>()
  private logins = 0

  constructor(
    private readonly browser: Browser,
    private readonly run: number,
    readonly settings: Settings,
    private readonly document: Document,
  ) {
    this.api = new Api(settings.url, settings.token)
  }

  /** open makes a browser without cookies and a page in it, not gone anywhere yet. */
  async open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ baseURL: this.settings.url, locale: 'en-GB', timezoneId: 'Europe/Amsterdam', colorScheme: 'light', viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...options })
    context.setDefaultTimeout(15_000)
    this.contexts.push(context)
    const page = await context.newPage()
    page.on('pageerror', (e) => this.odd.push(`error in ${page.url()}: ${e.stack ?? e.message}`))
    page.on('console', (m) => {
      // A request that is refused is told by the browser, too; what the page makes of it is what specs look at.
      if (m.type() === 'error' && !m.text().startsWith('Failed to load resource')) this.odd.push(`console of ${page.url()}: ${m.text()}`)
    })
    page.on('request', (r) => this.check(page, r))
    // Streams of events never end.
    const counts = (r: Request) => r.resourceType() !== 'eventsource' && !(r.headers().accept ?? '').includes('event-stream')
    let under = 0
    page.on('request', (r) => (under += counts(r) ? 1 : 0))
    const ended = (r: Request) => (under -= counts(r) ? 1 : 0)
    page.on('requestfinished', ended)
    page.on('requestfailed', ended)
    this.pending.set(page, () => under)
    return page
  }

  /** check complains of requests that go elsewhere, or are not in the API's document (ACC-11). */
  private check(page: Page, r: Request) {
    const url = new URL(r.url())
    if (['data:', 'blob:'].includes(url.protocol) || r.url().startsWith(this.settings.issuer)) return
    if (url.origin !== this.settings.url) this.odd.push(`${page.url()} asks for ${r.url()}`)
    else if (url.pathname.startsWith('/api/') && !this.document.has(r.method(), url.pathname)) this.odd.push(`${r.method()} ${url.pathname} of ${page.url()} is not in the document`)
    else if (url.pathname.startsWith('/api/')) this.asked.add(this.document.has(r.method(), url.pathname))
  }

  /** as opens a browser in which somebody with this role is logged in, of a company unless it is an operator or partner. */
  async as(role: Role, company?: Company, more: { user?: string; partner?: number; name?: string } = {}, options: BrowserContextOptions = {}): Promise<Page> {
    const login = await this.login(role, company, more)
    const page = await this.open(options)
    await this.enter(page, login.email)
    return page
  }

  /** enter logs a browser in without the form. */
  async enter(page: Page, email: string) {
    const [name, value] = (await ask<string>(this.run, 'session', { email, password })).split(/=(.*)/s) as [string, string]
    await page.context().addCookies([{ name, value, url: this.settings.url, httpOnly: true, sameSite: 'Strict' }])
  }

  /** login makes somebody who may log in with the password `password` at once. */
  async login(role: Role, company?: Company, more: { user?: string; partner?: number; name?: string } = {}): Promise<{ id: number; email: string }> {
    const email = `${role}${++this.logins}.${this.run}@example.com`
    const made = await this.api.post(company ? company.path('/logins') : '/logins', { email, name: `Kim ${role}`, role, password, ...more })
    await ask(this.run, 'keep-password', { login: made.id })
    return { id: made.id as number, email }
  }

  /** company makes a company that nobody else has. */
  async company(name = 'Bakery', more: object = {}): Promise<Company> {
    const stem = this.stem()
    return Company.make(this.api, `${name} ${stem.slice(-5)}`, stem, more)
  }

  /** stem is the beginning of 99 numbers that nobody else has. */
  stem = () => `+312${String(1_000_00 + ++companies).padStart(6, '0')}`

  /** phone registers a phone with what a channel's screen showed, or the API. */
  async phone(c: Credentials): Promise<Phone> {
    return new Phone(this.run, await ask<string>(this.run, 'phone', { name: c.name, password: c.password }))
  }

  /** carrier is the phone of everybody outside. */
  get carrier() {
    return new Phone(this.run, 'carrier')
  }

  /** otherCarrier is the phone of a carrier that the service does not know yet, and where it is. */
  async otherCarrier(): Promise<{ phone: Phone; host: string; port: number }> {
    const made = await ask<{ host: string; port: number }>(this.run, 'other-carrier', {})
    return { phone: new Phone(this.run, made.host), ...made }
  }

  /** trunks is the number of carriers that the media engine has by now. */
  trunks = () => ask<number>(this.run, 'trunks', {})

  /** tone makes a WAV file that sounds like a tone of this frequency, and returns its path. */
  tone = (hz: number, seconds: number) => ask<string>(this.run, 'tone', { hz, seconds })

  /** past gives a company a fortnight of calls to a number that leads to a queue with these agents. */
  past = (company: Company, queue: string, number: string, agents: string[]) => ask<void>(this.run, 'past', { account: company.id, queue, number, agents })

  /** print shows a figure in the test's log. */
  print = (text: string) => ask<void>(this.run, 'print', { text })

  /** signOnAs makes the OpenID provider know who comes next. */
  signOnAs = (email: string) => ask<void>(this.run, 'sign-on-as', { email })

  /** settled waits until a page has what it asked for, and has drawn it. */
  async settled(page: Page) {
    await until('everything that was asked for is there', async () => {
      if (this.pending.get(page)!() > 0) return false
      await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => setTimeout(r))))
      return this.pending.get(page)!() === 0
    })
  }

  /** expectOdd forgets what was odd so far: a spec made the page fail on purpose. */
  expectOdd(pattern: RegExp) {
    for (let i = this.odd.length - 1; i >= 0; i--) if (pattern.test(this.odd[i]!)) this.odd.splice(i, 1)
  }

  /** what pages complained about. */
  complaints = () => this.odd

  pages = () => this.contexts.flatMap((c) => c.pages())

  async close() {
    await Promise.all(this.contexts.map((c) => c.close()))
  }
}
