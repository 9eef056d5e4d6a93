import { Alert, Button, FileButton, Group, List, Modal, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { ProblemError } from '../api/client'
import { ProblemAlert } from '../layout/Problem'
import { useMessages } from '../messages'
import { parseTariffs, readTariffs, tariffKey, writeTariffs, type Tariff } from './charges'
import { usePlatformTexts } from './texts'

/** shown are wrong rows that a screen has room for. */
const shown = 12

/** TariffImport replaces all tariffs by those of a file, when somebody has said yes to it. */
export function TariffImport() {
  const t = usePlatformTexts()
  const { t: app } = useMessages()
  const client = useQueryClient()
  const reset = useRef<() => void>(null)
  const [file, setFile] = useState<{ items: Tariff[]; old: number; etag: string } | null>(null)
  const choose = useMutation({
    mutationFn: async (f: File) => ({ items: parseTariffs(await f.text()), now: await readTariffs() }),
    onSuccess: ({ items, now }) => {
      bring.reset()
      setFile({ items, old: now.items.length, etag: now.etag })
    },
    onSettled: () => reset.current?.(),
  })
  const bring = useMutation({
    mutationFn: (f: { items: Tariff[]; etag: string }) => writeTariffs(f.items, f.etag),
    onSuccess: () => client.invalidateQueries({ queryKey: tariffKey }),
  })
  const wrong = bring.error instanceof ProblemError && bring.error.status === 422 ? (bring.error.problem.errors ?? []) : []
  return (
    <>
      <FileButton resetRef={reset} accept=".csv,text/csv,text/plain" onChange={(f) => f && choose.mutate(f)}>
        {(props) => (
          <Button {...props} variant="default" loading={choose.isPending}>
            {t('tariffs.import')}
          </Button>
        )}
      </FileButton>
      <Modal opened={file !== null} onClose={() => setFile(null)} title={t('tariffs.import')}>
        {file && (
          <Stack>
            {bring.isSuccess ? <Text role="status">{t('tariffs.imported', { n: file.items.length })}</Text> : <Text>{t('tariffs.sure', { old: file.old, n: file.items.length })}</Text>}
            {wrong.length > 0 ? (
              <Alert color="red" role="alert" title={t('tariffs.wrong')}>
                <List size="sm">
                  {wrong.slice(0, shown).map((e, i) => {
                    const [, n, name] = /items\[(\d+)\]\.?(.*)/.exec(e.location ?? '') ?? []
                    return <List.Item key={i}>{t('tariffs.row', { n: Number(n) + 2, why: `${name} ${e.message}` })}</List.Item>
                  })}
                </List>
              </Alert>
            ) : (
              <ProblemAlert error={bring.error} />
            )}
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setFile(null)}>
                {app(bring.isSuccess ? 'app.close' : 'app.cancel')}
              </Button>
              {!bring.isSuccess && (
                <Button color="red" loading={bring.isPending} onClick={() => bring.mutate(file)}>
                  {t('tariffs.replace')}
                </Button>
              )}
            </Group>
          </Stack>
        )}
      </Modal>
    </>
  )
}
