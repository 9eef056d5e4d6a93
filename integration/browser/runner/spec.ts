import type { World } from './world.js'

export type Spec = {
  name: string
  /** Something is heard or seen on a phone, so it runs on each media engine. */
  phones: boolean
  /** It runs only when it is asked for: it makes something. */
  maker: boolean
  run: (w: World) => Promise<void>
}

export const specs: Spec[] = []

/** spec adds what runs once, in a browser with a page of its own. A name that begins with IDs of behaviours proves them. */
export function spec(name: string, run: (w: World) => Promise<void>) {
  add({ name, phones: false, maker: false, run })
}

/** callSpec adds what phones take part in; it runs with each media engine. */
export function callSpec(name: string, run: (w: World) => Promise<void>) {
  add({ name, phones: true, maker: false, run })
}

/** maker adds what makes something, such as pictures. */
export function maker(name: string, run: (w: World) => Promise<void>) {
  add({ name, phones: false, maker: true, run })
}

function add(s: Spec) {
  if (!/^[\w-]+$/.test(s.name)) throw new Error(`${s.name}: a name has letters, digits, - and _`)
  if (specs.some((x) => x.name === s.name)) throw new Error(`there are two specs called ${s.name}`)
  specs.push(s)
}
