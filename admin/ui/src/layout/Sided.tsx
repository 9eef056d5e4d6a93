import { Button, Group, Title } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { useMessages } from '../messages'
import { LateDrawer } from './Late'
import style from './Sided.module.css'

/** Sided is a page with its sections at the side; on a small screen they are behind a button. */
export function Sided({ title, nav, children }: { title: string; nav: (onGo?: () => void) => ReactNode; children: ReactNode }) {
  const { t } = useMessages()
  const [menu, setMenu] = useState(false)
  return (
    <>
      <Group justify="space-between" wrap="nowrap">
        <Title order={1} size="h2">
          {title}
        </Title>
        <Button variant="default" hiddenFrom="sm" aria-haspopup="dialog" onClick={() => setMenu(true)}>
          {t('nav.menu')}
        </Button>
      </Group>
      <div className={style.layout}>
        <div className={style.nav}>{nav()}</div>
        <div>{children}</div>
      </div>
      <LateDrawer opened={menu} onClose={() => setMenu(false)} title={title} size="xs" hiddenFrom="sm">
        {nav(() => setMenu(false))}
      </LateDrawer>
    </>
  )
}
