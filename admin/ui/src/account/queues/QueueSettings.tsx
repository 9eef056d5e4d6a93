import { Paper } from '@mantine/core'
import { useNavigate } from 'react-router'
import { api, data, row, type Schemas } from '../../api/client'
import { Editor } from '../../layout/Editor'
import { usePlace } from '../place'

const others = ['user', 'group', 'ivr', 'voicemail', 'forward', 'auto_answer', 'time', 'limit', 'location', 'authentication', 'picker', 'system', 'ai', 'kind']

/** QueueSettings is the form of a queue; its agents have a page of their own. */
export function QueueSettings({ queue }: { queue: string }) {
  const { account, base } = usePlace()
  const go = useNavigate()
  const path = { account, extension: queue }
  return (
    <Paper withBorder p="lg" maw={760}>
      <Editor
        id={queue}
        queryKey={['queue', account, queue, 'settings']}
        onDone={() => void go(`${base}/queues`)}
        editing={{
          schema: 'Extension',
          hide: () => others,
          read: () => row(api.GET('/api/v1/accounts/{account}/extensions/{extension}', { params: { path } })),
          create: () => Promise.reject(new Error('there is one')),
          update: (_, etag, body) =>
            data(
              api.PUT('/api/v1/accounts/{account}/extensions/{extension}', {
                params: { path, header: { 'If-Match': etag } },
                body: { ...body, kind: 'queue' } as unknown as Schemas['Extension'],
              }),
            ),
        }}
      />
    </Paper>
  )
}
