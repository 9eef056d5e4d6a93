import { createBrowserRouter } from 'react-router'
import { Account } from './account/Account'
import { sectionRoutes } from './account/sections'
import { accountQuery } from './account/useAccount'
import { ahead, pageIsOpen } from './api/queries'
import { Customers } from './customers/Customers'
import { Shell } from './layout/Shell'
import { Platform } from './platform/Platform'
import { platformRoutes } from './platform/sections'
import { sessionQuery } from './session/session'

export const router = createBrowserRouter([
  {
    element: <Shell />,
    loader: () => ahead(sessionQuery),
    HydrateFallback: () => null,
    children: [
      { element: <Platform />, children: [{ path: '/', element: <Customers /> }, ...platformRoutes()] },
      { path: '/accounts/:account', element: <Account />, loader: ({ params }) => ahead(accountQuery(Number(params.account))), children: sectionRoutes() },
      // What is there for people of whom the portal has one part only.
      { path: '/me/:view?', lazy: async () => ({ Component: (await import('./desk/Desk')).Desk }) },
      { path: '/queues', lazy: async () => ({ Component: (await import('./account/queues/Queues')).Queues }) },
      { path: '/queues/:queue/:view?', lazy: async () => ({ Component: (await import('./account/queues/Queue')).Queue }) },
      { path: '/recordings', lazy: async () => ({ Component: (await import('./account/recordings/Recordings')).Recordings }) },
      { path: '/security', lazy: async () => ({ Component: (await import('./security/Security')).Security }) },
      { path: '*', element: <Customers /> },
    ],
  },
])

const begun = router.subscribe(({ initialized }) => {
  if (!initialized) return
  pageIsOpen()
  begun()
})
