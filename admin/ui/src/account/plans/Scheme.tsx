import { Button, Group, Modal, Select, Stack, Switch } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data, row, type Schemas } from '../../api/client'
import { Editor } from '../../layout/Editor'
import { usePlanTexts } from '../../messages/plans'
import { useAccountId } from '../useAccount'

/** SchemeChoice is which scheme is shown; schemes are made, renamed and deleted here, too. */
export function SchemeChoice({ schemes, scheme, onChoose }: { schemes: Schemas['Scheme'][]; scheme: number; onChoose: (id: number | null) => void }) {
  const t = usePlanTexts()
  const account = useAccountId()
  const client = useQueryClient()
  const [open, setOpen] = useState<'new' | 'edit' | null>(null)
  const [sure, setSure] = useState(false)
  const path = { account, scheme }
  const main = schemes.find((s) => s.id === scheme)?.main
  const done = () => {
    setOpen(null)
    setSure(false)
    void client.invalidateQueries({ queryKey: ['schemes', account] })
    if (sure) onChoose(null)
  }
  return (
    <Group gap="xs" align="flex-end">
      {schemes.length > 1 && (
        <Select
          aria-label={t('schemes')}
          value={String(scheme)}
          onChange={(v) => onChoose(Number(v))}
          data={schemes.map((s) => ({ value: String(s.id), label: `${s.number} ${s.name}` }))}
          allowDeselect={false}
          w={240}
        />
      )}
      <Button variant="default" onClick={() => setOpen('edit')}>
        {t('scheme.edit')}
      </Button>
      <Button variant="default" onClick={() => setOpen('new')}>
        {t('scheme.new')}
      </Button>
      <Modal opened={open !== null} onClose={() => setOpen(null)} title={t(open === 'new' ? 'scheme.new' : 'scheme.edit')}>
        <Stack>
          {open === 'edit' && !main && <Switch label={t('scheme.gone')} checked={sure} onChange={(e) => setSure(e.currentTarget.checked)} />}
          {open && (
            <Editor
              key={`${open}${sure}`}
              id={open === 'new' ? '' : String(scheme)}
              queryKey={['schemes', account]}
              onDone={done}
              editing={{
                schema: 'Scheme',
                hide: () => ['active'],
                read: () => row(api.GET('/api/v1/accounts/{account}/schemes/{scheme}', { params: { path } })),
                create: async (body) => {
                  const made = await data(api.POST('/api/v1/accounts/{account}/schemes', { params: { path: { account } }, body: body as Schemas['Scheme'] }))
                  onChoose(made.id)
                },
                update: (_, etag, body) =>
                  data(
                    api.PUT('/api/v1/accounts/{account}/schemes/{scheme}', {
                      params: { path, header: { 'If-Match': etag } },
                      body: { active: schemes.find((s) => s.id === scheme)?.active, ...body } as Schemas['Scheme'],
                    }),
                  ),
                remove: sure
                  ? (_, etag) => data(api.DELETE('/api/v1/accounts/{account}/schemes/{scheme}', { params: { path, header: { 'If-Match': etag }, query: { confirm: true } } }))
                  : undefined,
              }}
            />
          )}
        </Stack>
      </Modal>
    </Group>
  )
}
