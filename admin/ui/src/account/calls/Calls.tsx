import { Drawer, Stack } from '@mantine/core'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { useTexts } from '../../messages'
import { CallDetail } from './CallDetail'
import { LiveCalls } from './LiveCalls'
import { PastCalls } from './PastCalls'
import { callTexts } from './texts'

/** Calls are those that go on and those that were; each opens with the reasons of its way. The open one is in the address. */
export function Calls() {
  const t = useTexts(callTexts)
  const [query, setQuery] = useSearchParams()
  const [open, setOpen] = useState(query.get('call'))
  const show = (call: string | null) => {
    setOpen(call)
    setQuery(call ? { call } : {}, { replace: true })
  }
  return (
    <Stack gap="xl">
      <LiveCalls />
      <PastCalls onOpen={show} />
      <Drawer opened={open !== null} onClose={() => show(null)} position="right" size="xl" title={t('why')}>
        {open && <CallDetail call={open} />}
      </Drawer>
    </Stack>
  )
}
