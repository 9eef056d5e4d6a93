import type { Me } from './session'

/** homeOf is the only part of the portal for somebody with such a role; null: the account's pages. */
export function homeOf(me: Me | null | undefined): string | null {
  switch (me?.role) {
    case 'user':
      return '/me'
    case 'supervisor':
      return '/queues'
    case 'recordings':
    case 'own-recordings':
      return '/recordings'
  }
  return null
}
