import { chromium, type Browser } from 'playwright-core'

// Nothing that Chromium does on its own: no update, no prediction, no name that is looked up.
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1']

/** launch starts Debian's Chromium, or the one that CHROMIUM names. */
export const launch = (): Promise<Browser> => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags })
