import { ActionIcon, Anchor, Button, useMantineColorScheme } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, Navigate, Outlet, useLocation } from 'react-router'
import { api, data } from '../api/client'
import { useMessages } from '../messages'
import { Search } from '../search/Search'
import { Gate } from '../session/Gate'
import { homeOf } from '../session/home'
import { sessionKey, useSession } from '../session/session'
import { Languages } from './Languages'
import style from './Shell.module.css'

/** Shell is around every page: the way home, language, colours, and out. */
export function Shell() {
  return (
    <Gate>
      <Frame />
    </Gate>
  )
}

function Frame() {
  const { t } = useMessages()
  const { toggleColorScheme } = useMantineColorScheme()
  const client = useQueryClient()
  const me = useSession()
  const home = homeOf(me)
  const at = useLocation().pathname
  const astray = home !== null && at !== '/security' && at !== home && !at.startsWith(`${home}/`)
  const out = useMutation({
    mutationFn: () => data(api.DELETE('/api/v1/session')),
    onSettled: () => {
      client.clear()
      client.setQueryData(sessionKey, null)
      location.assign('/')
    },
  })
  return (
    <>
      <Anchor href="#content" className={style.skip}>
        {t('app.skip')}
      </Anchor>
      <header className={style.header}>
        <div className={style.bar}>
          <Anchor component={Link} to="/" fw={700} size="lg" underline="never">
            Callplane
          </Anchor>
          <div className={style.tools}>
            {home === null && <Search />}
            <Languages />
            <ActionIcon variant="default" aria-label={t('app.theme')} onClick={toggleColorScheme}>
              <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden>
                <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.5" />
                <path d="M8 2a6 6 0 0 0 0 12z" fill="currentColor" />
              </svg>
            </ActionIcon>
            <Anchor component={Link} to="/security" size="sm" title={t('security.title')} className={style.name}>
              {me?.name}
            </Anchor>
            <Button size="xs" variant="default" onClick={() => out.mutate()}>
              {t('login.out')}
            </Button>
          </div>
        </div>
      </header>
      <main id="content" className={style.main}>
        {astray ? <Navigate to={home!} replace /> : <Outlet />}
      </main>
    </>
  )
}
