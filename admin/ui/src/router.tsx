import { createBrowserRouter } from 'react-router'
import { Customers } from './customers/Customers'
import { Shell } from './layout/Shell'

// The pages of an account come when somebody opens one: the first screen needs none of them.
export const router = createBrowserRouter([
  {
    element: <Shell />,
    children: [
      { path: '/', element: <Customers /> },
      {
        path: '/accounts/:account',
        lazy: async () => ({ Component: (await import('./account/Account')).Account }),
        children: [
          { index: true, lazy: async () => ({ Component: (await import('./account/Overview')).Overview }) },
          { path: 'details', lazy: async () => ({ Component: (await import('./account/Details')).Details }) },
          { path: 'extensions', lazy: async () => ({ Component: (await import('./account/Extensions')).Extensions }) },
          { path: 'numbers', lazy: async () => ({ Component: (await import('./account/Numbers')).Numbers }) },
          { path: 'plans', lazy: async () => ({ Component: (await import('./account/Plans')).Plans }) },
          { path: 'channels', lazy: async () => ({ Component: (await import('./account/Channels')).Channels }) },
          { path: 'privacy', lazy: async () => ({ Component: (await import('./account/PrivacyGroups')).PrivacyGroups }) },
          { path: 'calls', lazy: async () => ({ Component: (await import('./account/Calls')).Calls }) },
          { path: 'logins', lazy: async () => ({ Component: (await import('./account/Logins')).Logins }) },
          { path: 'audit', lazy: async () => ({ Component: (await import('./account/Audit')).Audit }) },
        ],
      },
      { path: '*', element: <Customers /> },
    ],
  },
])
