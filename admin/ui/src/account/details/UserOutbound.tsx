import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, data, row, type Schemas } from '../../api/client'
import { ChoiceField } from '../../forms/fields/basic'
import { OwnNumberField } from '../../forms/fields/choices'
import { Rows } from '../../forms/fields/Rows'
import { Stored } from '../../forms/Stored'
import { useDetailsTexts } from '../../messages/details'
import { useAccountId } from '../useAccount'
import { Part } from '../extensions/kinds/Part'
import { BarringField } from './Barring'

const codes = ['0', '2', '3', '4', '5', '6', '7', '8', '9']

/** UserOutbound is what a user may not call, and the numbers they can choose to show. */
export function UserOutbound({ user }: { user: string }) {
  const t = useDetailsTexts()
  const account = useAccountId()
  const path = { account, user }
  const all = useQuery({ queryKey: ['outbound', account], staleTime: 60_000, queryFn: () => data(api.GET('/api/v1/accounts/{account}/outbound', { params: { path: { account } } })) }).data
  return (
    <Stored
      queryKey={['outbound', account, user]}
      read={async () => {
        const now = await row(api.GET('/api/v1/accounts/{account}/users/{user}/outbound', { params: { path } }))
        return { value: now.value, etag: now.etag }
      }}
      save={(value, etag) =>
        data(api.PUT('/api/v1/accounts/{account}/users/{user}/outbound', { params: { path, header: { 'If-Match': etag } }, body: value as Schemas['UserOutbound'] }))
      }
    >
      <Part title={t('user.title')} wide>
        <BarringField path="barred" label={t('user.barred')} help={t('user.barred.help')} categories={all?.categories ?? []} />
        <div>
          <Text size="sm" fw={500}>
            {t('user.ids')}
          </Text>
          <Text size="xs" c="dimmed">
            {t('user.ids.help')}
          </Text>
        </div>
        <Rows
          path="caller_ids"
          titles={[t('user.code'), t('user.number')]}
          add={t('user.add')}
          empty={t('user.empty')}
          fresh={{ code: '2' }}
          row={(at, i) => [
            <ChoiceField key="c" path={`${at}.code`} cell={`${t('user.code')} ${i + 1}`} required choices={codes.map((value) => ({ value, label: value }))} />,
            <OwnNumberField key="n" path={`${at}.number`} cell={`${t('user.number')} ${i + 1}`} />,
          ]}
        />
      </Part>
    </Stored>
  )
}
