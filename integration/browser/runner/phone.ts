import { ask } from './link.js'

/** Call is a call of a phone, which the Go test has. What takes longer than 20 s fails. */
export class Call {
  constructor(
    private readonly run: number,
    private readonly id: number,
  ) {}

  private do<T = void>(op: string, more: object = {}) {
    return ask<T>(this.run, op, { call: this.id, ...more })
  }

  answers = () => this.do('answer')
  hangsUp = () => this.do('hangup')
  /** rings waits for the other side's ringing, answered for its answer, ended for the end. */
  rings = () => this.do('ringing')
  answered = () => this.do('answered')
  ended = () => this.do('ended')
  presses = (digits: string) => this.do('press', { digits })
  /** hums a tone from now on. */
  hums = (hz: number) => this.do('hum', { hz })
  /** hears waits until nothing of note but this tone is heard. */
  hears = (hz: number) => this.do('hear', { hz })
  /** hearsAmid waits until this tone is heard, whatever else is. */
  hearsAmid = (hz: number) => this.do('hear-amid', { hz })
  /** hearsSomething waits for a prompt, music, a voice. */
  hearsSomething = () => this.do('hear-sound')
  /** shows is what the phone displays of the other side. */
  shows = () => this.do<{ name: string; number: string }>('display')
  /** status is the final SIP status of a call that failed. */
  status = () => this.do<number>('status')
}

/** Phone is a registered phone, or the carrier's. */
export class Phone {
  constructor(
    private readonly run: number,
    private readonly id: string,
  ) {}

  private async call(op: string, more: object) {
    return new Call(this.run, await ask<number>(this.run, op, { phone: this.id, ...more }))
  }

  /** calls dials: an extension, or at the carrier's phone a number of the company (+31…), as the caller given. */
  calls = (number: string, from = '+31612345678') => this.call('dial', { number, from })
  /** isCalled waits for a call, of the carrier for one to this number. */
  isCalled = (number = '') => this.call('incoming', { number })
  /** staysQuiet asserts that nobody calls for a while. */
  staysQuiet = (ms: number) => ask<void>(this.run, 'quiet', { phone: this.id, ms })
}

/** talk has two calls hum and asserts that they hear each other. */
export async function talk(a: Call, b: Call, hz: [number, number] = [700, 1100]) {
  await a.hums(hz[0])
  await b.hums(hz[1])
  await Promise.all([a.hears(hz[1]), b.hears(hz[0])])
}
