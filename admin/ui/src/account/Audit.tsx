import { Code, Collapse, Stack, UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import { api, data, type Schemas } from '../api/client'
import { Resource } from '../layout/Resource'
import { useMessages } from '../messages'
import { useAccount, useAccountId } from './Account'
import { moment } from './time'

export function Audit() {
  const { t, language } = useMessages()
  const account = useAccountId()
  const zone = useAccount().data?.value.time_zone
  return (
    <Resource<Schemas['AuditEntry']>
      title={t('tab.audit')}
      empty="–"
      queryKey={['audit', account]}
      list={(cursor) => data(api.GET('/api/v1/accounts/{account}/audit', { params: { path: { account }, query: { cursor } } }))}
      id={(e) => String(e.id)}
      columns={[
        { title: t('audit.when'), cell: (e) => moment(e.at, zone, language) },
        { title: t('audit.who'), cell: (e) => e.actor },
        { title: t('audit.what'), cell: (e) => <Change entry={e} /> },
      ]}
    />
  )
}

/** Change shows what an entry was about, and what was there before and after. */
function Change({ entry }: { entry: Schemas['AuditEntry'] }) {
  const [open, setOpen] = useState(false)
  return (
    <Stack gap={4}>
      <UnstyledButton onClick={() => setOpen(!open)} aria-expanded={open}>
        {entry.action} {entry.entity} {entry.entity_id}
      </UnstyledButton>
      <Collapse expanded={open}>
        <Code block>{JSON.stringify({ before: entry.before, after: entry.after }, null, 2)}</Code>
      </Collapse>
    </Stack>
  )
}
