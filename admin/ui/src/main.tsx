import '@mantine/core/styles.css'
import { createTheme, MantineProvider } from '@mantine/core'
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router'
import { ProblemError } from './api/client'
import { MessagesProvider } from './messages'
import { router } from './router'
import { sessionKey } from './session/session'

// Wherever it is found out that the session is over, the log-in is shown above what is open: nothing typed is lost.
function ended(error: unknown) {
  if (error instanceof ProblemError && error.status === 401) void client.invalidateQueries({ queryKey: sessionKey })
}

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: (e, q) => (q.queryKey[0] === sessionKey[0] ? undefined : ended(e)) }),
  mutationCache: new MutationCache({ onError: ended }),
  defaultOptions: { queries: { retry: (n, e) => n < 2 && e instanceof ProblemError && (e.status === 0 || e.status >= 500), staleTime: 5_000 } },
})

const theme = createTheme({ primaryColor: 'teal', primaryShade: { light: 9, dark: 7 }, defaultRadius: 'md', autoContrast: true })

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <MessagesProvider>
        <QueryClientProvider client={client}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MessagesProvider>
    </MantineProvider>
  </StrictMode>,
)
