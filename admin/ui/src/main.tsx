import '@mantine/core/styles.css'
import { MantineProvider, type CSSVariablesResolver } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router'
import { queries } from './api/queries'
import { MessagesProvider, useMessages } from './messages'
import { router } from './router'
import { themeIn } from './theme'

/** Look is how everything looks, in the words of who looks at it. */
function Look({ children }: { children: ReactNode }) {
  const { t } = useMessages()
  return (
    <MantineProvider theme={themeIn(t)} cssVariablesResolver={readable} defaultColorScheme="auto">
      {children}
    </MantineProvider>
  )
}

// The library's grey of hints and empty fields is too pale to be read by everybody (WCAG 2.2 AA: 4.5 to 1).
const readable: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5c636a',
    '--mantine-color-placeholder': '#6c757d',
    // And so is what it writes on tinted badges, buttons and entries.
    '--mantine-color-teal-filled-hover': '#06664a', // a button below the pointer
    '--mantine-color-teal-light': 'var(--mantine-color-teal-0)',
    '--mantine-color-teal-light-color': '#06664a',
    '--mantine-color-orange-light': 'var(--mantine-color-orange-0)',
    '--mantine-color-orange-light-color': '#a63607',
  },
  dark: { '--mantine-color-teal-filled-hover': '#06664a', '--mantine-color-dimmed': '#a6a7ab', '--mantine-color-placeholder': '#909296' },
})

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MessagesProvider>
      <Look>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </Look>
    </MessagesProvider>
  </StrictMode>,
)
