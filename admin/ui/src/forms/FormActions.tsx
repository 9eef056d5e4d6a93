import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { ProblemAlert } from '../layout/Problem'
import { useMessages } from '../messages'
import { Conflict } from './Conflict'
import type { Editing } from './useEditing'

/** FormActions stand below a form: what went wrong, save and delete. what names the row that would go. */
export function FormActions({ editing, what, readOnly = false }: { editing: Editing; what: string; readOnly?: boolean }) {
  const { t } = useMessages()
  const [sure, setSure] = useState(false)
  return (
    <Stack gap="sm">
      <Conflict editing={editing} />
      <ProblemAlert error={editing.error} shown={Object.keys(editing.errors)} />
      {sure && (
        <Alert color="orange" role="alertdialog" aria-label={t('app.delete')}>
          <Stack gap="sm">
            {t('app.delete.sure', { what })}
            <Group>
              <Button color="red" loading={editing.removing} onClick={() => editing.remove?.()} data-autofocus>
                {t('app.delete')}
              </Button>
              <Button variant="default" onClick={() => setSure(false)}>
                {t('app.cancel')}
              </Button>
            </Group>
          </Stack>
        </Alert>
      )}
      <Group justify="space-between">
        {editing.remove && !sure ? (
          <Button variant="subtle" color="red" onClick={() => setSure(true)}>
            {t('app.delete')}
          </Button>
        ) : (
          <span />
        )}
        <Group>
          <Text size="sm" c="dimmed" role="status">
            {editing.saved && !editing.dirty ? t('app.saved') : editing.dirty ? t('app.unsaved') : ''}
          </Text>
          {!readOnly && (
            <Button type="submit" loading={editing.saving}>
              {t('app.save')}
            </Button>
          )}
        </Group>
      </Group>
    </Stack>
  )
}
