import { Button, Kbd } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { lazy, Suspense, useState } from 'react'
import { useMatch } from 'react-router'
import { LateModal } from '../layout/Late'
import { useMessages } from '../messages'

// What is behind the button comes when somebody searches.
const Results = lazy(async () => ({ default: (await import('./Results')).Results }))

/** Search is found in the head of every page, and by / or Ctrl-K. */
export function Search() {
  const { t } = useMessages()
  const [open, setOpen] = useState(false)
  const account = useMatch('/accounts/:account/*')?.params.account
  useHotkeys([['/', () => setOpen(true)]])
  useHotkeys([['mod+K', () => setOpen(true)]], []) // also while something is typed
  return (
    <>
      <Button variant="default" size="xs" onClick={() => setOpen(true)} aria-haspopup="dialog" rightSection={<Kbd size="xs" visibleFrom="sm">/</Kbd>}>
        {t('app.search')}
      </Button>
      <LateModal opened={open} onClose={() => setOpen(false)} title={t('app.search')} size="lg" yOffset="10vh">
        <Suspense>
          <Results account={account ? Number(account) : undefined} onGo={() => setOpen(false)} />
        </Suspense>
      </LateModal>
    </>
  )
}
