import { Center, Paper, Text } from '@mantine/core'
import type { ReactNode } from 'react'

/** Empty says what to do where there is nothing yet. */
export function Empty({ children }: { children: ReactNode }) {
  return (
    <Paper withBorder p="xl">
      <Center>
        <Text c="dimmed" maw={520} ta="center">
          {children}
        </Text>
      </Center>
    </Paper>
  )
}
