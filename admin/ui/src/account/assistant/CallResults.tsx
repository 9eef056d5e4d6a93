import { Stack, Title } from '@mantine/core'
import type { Schemas } from '../../api/client'
import { Result } from './Result'
import { useAssistantTexts } from './texts'

/** CallResults are what the assistant has made of a call. */
export function CallResults({ list }: { list: Schemas['AssistantResult'][] }) {
  const t = useAssistantTexts()
  return (
    <div>
      <Title order={3} size="h4" mb="xs">
        {t('title')}
      </Title>
      <Stack gap="lg">
        {list.map((r) => (
          <Result key={r.id} id={r.id} inCall />
        ))}
      </Stack>
    </div>
  )
}
