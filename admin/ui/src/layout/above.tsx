import { Drawer as Side, Modal as Middle, type DrawerProps, type ModalProps } from '@mantine/core'
import { useEffect, useState } from 'react'

// What comes only when it is to be open opens a moment after it has come: so it knows where the focus was, and gives it back.
function useAfter(opened: boolean): boolean {
  const [there, setThere] = useState(false)
  useEffect(() => setThere(true), [])
  return there && opened
}

export function Drawer({ opened, ...p }: DrawerProps) {
  return <Side opened={useAfter(opened)} {...p} />
}

export function Modal({ opened, ...p }: ModalProps) {
  return <Middle opened={useAfter(opened)} {...p} />
}
