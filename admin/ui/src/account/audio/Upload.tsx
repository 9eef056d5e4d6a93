import { Button, FileButton, Group, Paper, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ProblemError } from '../../api/client'
import { ProblemAlert } from '../../layout/Problem'
import { useAudioTexts } from '../../messages/audio'
import { useAccountId } from '../useAccount'
import { uploadAudio } from './send'

/** Upload makes a recording of a file that is chosen or dropped. */
export function Upload({ onDone }: { onDone: () => void }) {
  const t = useAudioTexts()
  const account = useAccountId()
  const client = useQueryClient()
  const [file, setFile] = useState<File | null>(null)
  const [name, setName] = useState('')
  const [key, setKey] = useState('')
  const send = useMutation({
    mutationFn: (f: File) => uploadAudio(account, f, name, key),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['audio', account] })
      onDone()
    },
  })
  const take = (f: File | null | undefined) => {
    if (!f) return
    send.reset()
    setFile(f)
    setName((was) => was || f.name.replace(/\.[^.]+$/, ''))
  }
  const problem = send.error instanceof ProblemError ? send.error.problem.errors : undefined
  const at = (location: string) => problem?.find((e) => e.location === location)?.message
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (file) send.mutate(file)
      }}
    >
      <Stack>
        <Paper
          withBorder
          p="lg"
          style={{ borderStyle: 'dashed' }}
          onDragOver={(e) => e.preventDefault()}
          onDrop={(e) => {
            e.preventDefault()
            take(e.dataTransfer.files[0])
          }}
        >
          <Group justify="center" gap="xs">
            <FileButton accept="audio/wav,audio/x-wav,audio/mpeg,.wav,.mp3" onChange={take}>
              {(props) => (
                <Button {...props} variant="default">
                  {file?.name ?? t('upload.choose')}
                </Button>
              )}
            </FileButton>
            {!file && (
              <Text size="sm" c="dimmed">
                {t('upload.drop')}
              </Text>
            )}
          </Group>
          {at('body') && (
            <Text c="red" size="sm" ta="center" mt="xs" role="alert">
              {at('body')}
            </Text>
          )}
        </Paper>
        <TextInput label={t('upload.name')} value={name} maxLength={200} error={at('query.name')} onChange={(e) => setName(e.currentTarget.value)} />
        <TextInput label={t('upload.key')} description={t('upload.key.help')} value={key} maxLength={100} error={at('query.key')} onChange={(e) => setKey(e.currentTarget.value)} />
        {!problem && <ProblemAlert error={send.error} />}
        <Group justify="flex-end">
          <Button type="submit" disabled={!file} loading={send.isPending}>
            {t('upload')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
