import { Paper } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { api, data, row, type Schemas } from '../api/client'
import { Editor } from '../layout/Editor'
import { useAccountId } from './Account'

export function Details() {
  const account = useAccountId()
  const client = useQueryClient()
  const path = { account }
  return (
    <Paper withBorder p="lg" maw={700}>
      <Editor
        id={String(account)}
        queryKey={['account', account]}
        onDone={() => void client.invalidateQueries({ queryKey: ['account', account] })}
        editing={{
          schema: 'Account',
          read: () => row(api.GET('/api/v1/accounts/{account}', { params: { path } })),
          create: () => Promise.reject(new Error('an account is made elsewhere')),
          update: (_, etag, body) =>
            data(api.PUT('/api/v1/accounts/{account}', { params: { path, header: { 'If-Match': etag } }, body: body as Schemas['Account'] })),
        }}
      />
    </Paper>
  )
}
