import { Group, Text } from '@mantine/core'
import style from './Lamp.module.css'

export type LampColor = 'green' | 'orange' | 'red' | 'gray' | 'blue'

/** Lamp is a coloured dot with what it means beside it: nobody has to tell colours apart. */
export function Lamp({ color, children, blink }: { color: LampColor; children: string; blink?: boolean }) {
  return (
    <Group gap={8} wrap="nowrap" component="span" display="inline-flex">
      <span className={style.dot} data-color={color} data-blink={blink || undefined} aria-hidden />
      <Text size="sm" component="span">
        {children}
      </Text>
    </Group>
  )
}
