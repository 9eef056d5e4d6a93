import type { ComponentType } from 'react'
import type { LoaderFunction, RouteObject } from 'react-router'
import type { Messages } from '../messages/en'
import type { Me } from '../session/session'
import { Channels } from './Channels'
import { Extensions } from './Extensions'
import { extensionsAhead } from './extensions/list'
import { Logins } from './Logins'
import { Numbers } from './Numbers'
import { Overview } from './Overview'
import { PrivacyGroups } from './PrivacyGroups'
import { Tokens } from './Tokens'

// A page comes when somebody opens it. The home of an account and its plain lists are small and come with the portal.
type Page = (() => Promise<ComponentType>) | { Component: ComponentType; loader?: LoaderFunction }

/** Section is an entry of an account's navigation, and its page. */
export type Section = {
  /** Below the account's address; '' is its home. */
  path: string
  title: keyof Messages
  page: Page
  /** Pages below it that have no entry of their own, such as ':extension'. */
  below?: Record<string, Page>
  /** Who has the entry; not there: everybody who sees the account. */
  roles?: Me['role'][]
}

export type SectionGroup = { title?: keyof Messages; sections: Section[] }

const order: Page = async () => (await import('./orders/OrderPage')).OrderPage
const newOrder: Page = async () => (await import('./orders/Wizard')).Wizard
const queue: Page = async () => (await import('./queues/Queue')).Queue

// A new section is one line here: route and entry are made of it.
export const groups: SectionGroup[] = [
  { sections: [{ path: '', title: 'tab.overview', page: { Component: Overview } }] },
  {
    title: 'nav.routing',
    sections: [
      { path: 'plans', title: 'tab.plans', page: async () => (await import('./Plans')).Plans },
      { path: 'flow', title: 'tab.flow', page: async () => (await import('./flow/Flow')).Flow },
      { path: 'numbers', title: 'tab.numbers', page: { Component: Numbers } },
    ],
  },
  {
    title: 'nav.extensions',
    sections: [
      { path: 'users', title: 'tab.users', page: async () => (await import('./users/Users')).Users },
      { path: 'extensions', title: 'tab.extensions', page: { Component: Extensions, loader: extensionsAhead }, below: { ':extension': { Component: Extensions } } },
      { path: 'system', title: 'tab.system', page: async () => (await import('./SystemExtensions')).SystemExtensions },
      { path: 'channels', title: 'tab.channels', page: { Component: Channels } },
      { path: 'privacy', title: 'tab.privacy', page: { Component: PrivacyGroups } },
    ],
  },
  {
    title: 'nav.sound',
    sections: [
      { path: 'audio', title: 'tab.audio', page: async () => (await import('./audio/Recordings')).Recordings },
      { path: 'music', title: 'tab.music', page: async () => (await import('./audio/Music')).Music },
    ],
  },
  {
    title: 'nav.traffic',
    sections: [
      { path: 'calls', title: 'tab.calls', page: async () => (await import('./calls/Calls')).Calls },
      { path: 'queues', title: 'tab.queues', page: async () => (await import('./queues/Queues')).Queues, below: { ':queue': queue, ':queue/:view': queue } },
      { path: 'voicemail', title: 'tab.voicemail', page: async () => (await import('./voicemail/Mailboxes')).Mailboxes },
      { path: 'recordings', title: 'tab.recordings', page: async () => (await import('./recordings/Recordings')).Recordings },
      { path: 'assistant', title: 'tab.assistant', page: async () => (await import('./assistant/Assistant')).Assistant },
    ],
  },
  {
    title: 'nav.account',
    sections: [
      {
        path: 'orders',
        title: 'tab.orders',
        page: async () => (await import('./orders/Orders')).Orders,
        below: { new: newOrder, ':order': order, ':order/:view': order },
      },
      { path: 'sims', title: 'tab.sims', page: async () => (await import('./sims/Sims')).Sims },
      { path: 'details', title: 'tab.details', page: async () => (await import('./Details')).Details },
      { path: 'logins', title: 'tab.logins', page: { Component: Logins } },
      { path: 'tokens', title: 'tab.tokens', page: { Component: Tokens }, roles: ['operator', 'partner', 'admin', 'readonly'] },
      { path: 'audit', title: 'tab.audit', page: async () => (await import('./audit/Audit')).Audit },
    ],
  },
]

function route(path: string, page: Page): RouteObject {
  const shown = typeof page === 'function' ? { lazy: async () => ({ Component: await page() }) } : page
  return path === '' ? { index: true, ...shown } : { path, ...shown }
}

/** sectionRoutes are the routes below an account. */
export function sectionRoutes(): RouteObject[] {
  return groups
    .flatMap((g) => g.sections)
    .flatMap((s) => [route(s.path, s.page), ...Object.entries(s.below ?? {}).map(([path, page]) => route(`${s.path}/${path}`, page))])
}
