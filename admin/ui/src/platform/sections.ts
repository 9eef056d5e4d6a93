import type { ComponentType } from 'react'
import type { RouteObject } from 'react-router'
import type { Messages } from '../messages/en'
import type { Me } from '../session/session'

/** PlatformSection is a page of the platform beside the customers; it comes when somebody opens it. */
type PlatformSection = { path: string; title: keyof Messages; page: () => Promise<ComponentType>; roles: Me['role'][] }

export const platformSections: PlatformSection[] = [
  { path: '/partners', title: 'platform.partners', page: async () => (await import('./Partners')).Partners, roles: ['operator'] },
  { path: '/logins', title: 'platform.logins', page: async () => (await import('./PlatformLogins')).PlatformLogins, roles: ['operator'] },
  { path: '/carriers', title: 'platform.trunks', page: async () => (await import('./Trunks')).Trunks, roles: ['operator'] },
  { path: '/prices', title: 'platform.prices', page: async () => (await import('./PriceList')).PriceList, roles: ['operator', 'partner'] },
  { path: '/charges', title: 'platform.tariffs', page: async () => (await import('./Tariffs')).Tariffs, roles: ['operator', 'partner'] },
]

/** platformRoutes are the routes of these pages. */
export function platformRoutes(): RouteObject[] {
  return platformSections.map(({ path, page }) => ({ path, lazy: async () => ({ Component: await page() }) }))
}
