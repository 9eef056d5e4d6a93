import { Group, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, data } from '../../api/client'
import { useTexts } from '../../messages'
import { usePlace } from '../place'
import { queueTexts } from './texts'

/** AddMember adds a user or a forward to the agents. */
export function AddMember({ taken, onAdd }: { taken: string[]; onAdd: (extension: string) => void }) {
  const t = useTexts(queueTexts)
  const { account } = usePlace()
  const all = useQuery({
    queryKey: ['extensions', account, 'agents'],
    queryFn: async () => {
      const of = (kind: 'user' | 'forward') => data(api.GET('/api/v1/accounts/{account}/extensions', { params: { path: { account }, query: { kind, limit: 500 } } }))
      const [users, forwards] = await Promise.all([of('user'), of('forward')])
      return [...(users.items ?? []), ...(forwards.items ?? [])]
    },
  })
  return (
    <Group>
      <Select
        label={t('members.add')}
        searchable
        value={null}
        w={320}
        limit={100}
        data={(all.data ?? []).filter((e) => !taken.includes(e.number)).map((e) => ({ value: e.number, label: `${e.number} ${e.name}` }))}
        onChange={(v) => v && onAdd(v)}
      />
    </Group>
  )
}
