import { ActionIcon, Button, Code, Drawer, Group, Modal, Paper, Stack, Table, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { useRecordings } from '../../forms/fields/choices'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages } from '../../messages'
import { useAudioTexts } from '../../messages/audio'
import { useAccount, useAccountId } from '../useAccount'
import { moment, span } from '../time'
import { Recording } from './Recording'
import { Upload } from './Upload'

/** Recordings are what the account's extensions can play: heard, uploaded, copied and deleted here. */
export function Recordings() {
  const t = useAudioTexts()
  const { language } = useMessages()
  const account = useAccountId()
  const zone = useAccount().data?.value.time_zone
  const all = useRecordings()
  const [upload, setUpload] = useState(false)
  const [open, setOpen] = useState<string | null>(null)
  const [heard, setHeard] = useState<string | null>(null)
  const list = all.data?.items ?? []
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2} size="h3">
          {t('title')}
        </Title>
        <Button onClick={() => setUpload(true)}>{t('upload')}</Button>
      </Group>
      <ProblemAlert error={all.error} />
      {all.isSuccess && list.length === 0 && (
        <Paper withBorder p="xl">
          <Text c="dimmed" ta="center" maw={560} mx="auto">
            {t('empty')}
          </Text>
        </Paper>
      )}
      {list.length > 0 && (
        <Table.ScrollContainer minWidth={560}>
          <Table verticalSpacing="xs" highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th />
                <Table.Th>{t('name')}</Table.Th>
                <Table.Th>{t('key')}</Table.Th>
                <Table.Th>{t('length')}</Table.Th>
                <Table.Th>{t('created')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {list.map((r) => (
                <Table.Tr key={r.key}>
                  <Table.Td w={heard === r.key ? 330 : 56}>
                    {heard === r.key ? (
                      <audio controls autoPlay src={`/api/v1/accounts/${account}/audio/${r.key}/file`} aria-label={r.name} style={{ height: 36, width: 310, display: 'block' }} />
                    ) : (
                      <ActionIcon variant="default" radius="xl" size={32} aria-label={t('play', { name: r.name })} onClick={() => setHeard(r.key)}>
                        ▶
                      </ActionIcon>
                    )}
                  </Table.Td>
                  <Table.Td>
                    <Button variant="subtle" size="compact-sm" px={0} onClick={() => setOpen(r.key)}>
                      {r.name}
                    </Button>
                  </Table.Td>
                  <Table.Td>
                    <Code>{r.key}</Code>
                  </Table.Td>
                  <Table.Td>{span(r.seconds)}</Table.Td>
                  <Table.Td>{moment(r.created, zone, language)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <Modal opened={upload} onClose={() => setUpload(false)} title={t('upload')}>
        <Upload onDone={() => setUpload(false)} />
      </Modal>
      <Drawer opened={open !== null} onClose={() => setOpen(null)} position="right" size="lg" title={list.find((r) => r.key === open)?.name ?? ''}>
        {open && <Recording id={open} onDone={() => setOpen(null)} />}
      </Drawer>
    </Stack>
  )
}
