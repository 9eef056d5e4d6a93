import { Stack, Text } from '@mantine/core'
import { api, data, row, type Schemas } from '../../api/client'
import { Editor } from '../../layout/Editor'
import { useMessages } from '../../messages'
import { useAccountId } from '../Account'
import { useSchemeChanged } from './usePlans'

/** ScheduleForm is the roster of a scheme, or its holidays. */
export function ScheduleForm({ scheme, what }: { scheme: number; what: 'roster' | 'holidays' }) {
  const { t } = useMessages()
  const account = useAccountId()
  const changed = useSchemeChanged(scheme)
  const path = { account, scheme }
  const none = () => Promise.reject(new Error('there is one of these'))
  return (
    <Stack maw={700}>
      {what === 'roster' && <Text size="sm">{t('plans.roster.help')}</Text>}
      <Editor
        id={what}
        queryKey={['scheme', account, scheme, what]}
        onDone={() => void changed()}
        editing={
          what === 'roster'
            ? {
                schema: 'Roster',
                read: () => row(api.GET('/api/v1/accounts/{account}/schemes/{scheme}/roster', { params: { path } })),
                create: none,
                update: (_, etag, body) =>
                  data(
                    api.PUT('/api/v1/accounts/{account}/schemes/{scheme}/roster', {
                      params: { path, header: { 'If-Match': etag } },
                      body: body as unknown as Schemas['Roster'],
                    }),
                  ),
              }
            : {
                schema: 'Holidays',
                read: () => row(api.GET('/api/v1/accounts/{account}/schemes/{scheme}/holidays', { params: { path } })),
                create: none,
                update: (_, etag, body) =>
                  data(
                    api.PUT('/api/v1/accounts/{account}/schemes/{scheme}/holidays', {
                      params: { path, header: { 'If-Match': etag } },
                      body: body as unknown as Schemas['Holidays'],
                    }),
                  ),
              }
        }
      />
    </Stack>
  )
}
