import { api, data, row, type Schemas } from '../../api/client'
import { Editor } from '../../layout/Editor'
import { usePlace } from '../place'

/** RecordingSettings is the form of what an account has recorded. */
export function RecordingSettings({ onDone }: { onDone: () => void }) {
  const { account } = usePlace()
  const path = { account }
  return (
    <Editor
      id="settings"
      queryKey={['recording-settings', account]}
      onDone={onDone}
      editing={{
        schema: 'RecordingSettings',
        read: () => row(api.GET('/api/v1/accounts/{account}/recording-settings', { params: { path } })),
        create: () => Promise.reject(new Error('there is one')),
        update: (_, etag, body) =>
          data(api.PUT('/api/v1/accounts/{account}/recording-settings', { params: { path, header: { 'If-Match': etag } }, body: body as Schemas['RecordingSettings'] })),
      }}
    />
  )
}
