import { Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { Fields } from './fields/Form'
import { FormActions } from './FormActions'
import { Submit } from './Submit'
import type { Editing } from './useEditing'

/** EditingForm is a form of fields of what is being edited, with save and delete below. what names the row that would go. */
export function EditingForm({ editing, what = '', children }: { editing: Editing; what?: string; children: ReactNode }) {
  return (
    <Submit on={() => editing.save()}>
      <Fields value={editing.value} setValue={editing.setValue} errors={editing.errors}>
        <Stack>
          {children}
          <FormActions editing={editing} what={what} />
        </Stack>
      </Fields>
    </Submit>
  )
}
