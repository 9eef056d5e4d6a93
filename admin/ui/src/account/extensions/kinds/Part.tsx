import { Fieldset, SimpleGrid, Stack } from '@mantine/core'
import type { ReactNode } from 'react'

/** Part is a group of fields; two stand beside each other where there is room. */
export function Part({ title, children, wide = false }: { title: string; children: ReactNode; wide?: boolean }) {
  return (
    <Fieldset legend={title}>
      {wide ? (
        <Stack gap="sm">{children}</Stack>
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing="sm">
          {children}
        </SimpleGrid>
      )}
    </Fieldset>
  )
}
