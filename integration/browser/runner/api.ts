/** Api asks the REST API as an operator: for what a spec needs and is not about. */
export class Api {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  async ask<T = Record<string, any>>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  get = <T = Record<string, any>>(path: string) => this.ask<T>('GET', path)
  post = <T = Record<string, any>>(path: string, body: unknown) => this.ask<T>('POST', path, body)
  put = <T = Record<string, any>>(path: string, body: unknown) => this.ask<T>('PUT', path, body)
}

/** Company is an account made by the API, so that a spec begins at what it is about. */
export class Company {
  private constructor(
    readonly api: Api,
    readonly id: number,
    readonly name: string,
    /** The first digits of its numbers. */
    readonly stem: string,
  ) {}

  static async make(api: Api, name: string, stem: string, more: object = {}): Promise<Company> {
    const first = stem + '01'
    const made = await api.post('/accounts', { name, country: 'NL', language: 'en', extension_length: 3, area_code: '20', caller_id: first, emergency_caller_id: first, ...more })
    return new Company(api, made.id as number, name, stem)
  }

  path = (rest: string) => `/accounts/${this.id}${rest}`

  /** number i (1–99) of the company, E.164. */
  number = (i: number) => this.stem + String(i).padStart(2, '0')

  async user(ext: string, name: string, more: object = {}) {
    return this.api.post(this.path('/extensions'), { number: ext, name, kind: 'user', user: { offer_second_call: true, ...more } })
  }

  /** channel makes a channel on which a user is logged in. Its name is made one that no other company has. */
  async channel(name: string, user: string): Promise<Credentials> {
    return this.api.post<Credentials>(this.path('/channels'), { name: `${name}${this.id}`, user, call_limit: 5 })
  }

  /** enter adds a number that leads to an extension in plan 1 of the main scheme. */
  async enter(number: string, destination: string) {
    const schemes = await this.api.get<{ items: { id: number; main: boolean }[] }>(this.path('/schemes'))
    const main = schemes.items.find((s) => s.main)!.id
    await this.api.post(this.path('/numbers'), { number })
    await this.api.put(this.path(`/schemes/${main}/plans/1/entries/${number}`), { destination })
  }
}

export type Credentials = { name: string; password: string }
