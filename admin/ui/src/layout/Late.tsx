import type { DrawerProps, ModalProps } from '@mantine/core'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import { useSoon } from './useSoon'

// Drawers and dialogs come when one is opened, or soon after the page: the page is first.
const above = () => import('./above')
const Drawer = lazy(async () => ({ default: (await above()).Drawer }))
const Modal = lazy(async () => ({ default: (await above()).Modal }))

/** Once has its content from when it is opened first. */
function Once({ opened, children }: { opened: boolean; children: ReactNode }) {
  useSoon(above)
  const [was, setWas] = useState(opened)
  if (opened && !was) setWas(true)
  return was && <Suspense>{children}</Suspense>
}

/** LateDrawer is a drawer that is no part of the first screen. */
export function LateDrawer(p: DrawerProps) {
  return (
    <Once opened={p.opened}>
      <Drawer {...p} />
    </Once>
  )
}

/** LateModal is a dialog that is no part of the first screen. */
export function LateModal(p: ModalProps) {
  return (
    <Once opened={p.opened}>
      <Modal {...p} />
    </Once>
  )
}
