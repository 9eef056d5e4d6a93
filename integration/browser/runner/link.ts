import { createInterface } from 'node:readline'

// The link to the Go test: a JSON document a line, both ways. The test asks for a spec to be run; a spec asks the test
// for what a phone does.

type Order = { run: string; id: number; settings: Settings } | { late: number } | { reply: number; value?: unknown; error?: string }

/** Settings are what the test says about the installation. */
export type Settings = {
  /** Where the portal and the API are. */
  url: string
  /** An operator's API token. */
  token: string
  /** The media engine: asterisk or freeswitch. */
  engine: string
  /** Where a failed spec leaves a picture. */
  pictures: string
  /** Where makers put what they make. */
  out: string
  /** The OpenID provider at which one can log in, too. */
  issuer: string
}

const waiting = new Map<number, { resolve: (v: unknown) => void; reject: (e: Error) => void }>()
let asked = 0

export function send(message: unknown) {
  process.stdout.write(JSON.stringify(message) + '\n')
}

/** ask has the Go test do something for the spec of this run. */
export function ask<T>(run: number, op: string, args: object): Promise<T> {
  const call = ++asked
  return new Promise<T>((resolve, reject) => {
    waiting.set(call, { resolve: resolve as (v: unknown) => void, reject })
    send({ ask: call, run, op, args })
  })
}

/** follow runs what is ordered until the test closes the link. */
export async function follow(run: (id: number, name: string, settings: Settings) => Promise<void>, late: (id: number) => Promise<void>) {
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as Order
    if ('run' in order) {
      void run(order.id, order.run, order.settings)
      continue
    }
    if ('late' in order) {
      void late(order.late)
      continue
    }
    const w = waiting.get(order.reply)
    waiting.delete(order.reply)
    if (order.error !== undefined) w?.reject(new Error(order.error))
    else w?.resolve(order.value)
  }
}
