import { Button, Group, Stack, Text } from '@mantine/core'
import { useMemo, useState, type PointerEvent } from 'react'
import type { Schemas } from '../../api/client'
import { useField } from '../../forms/fields/Form'
import { useMessages } from '../../messages'
import { usePlanTexts } from '../../messages/plans'
import { planColour } from './colours'
import style from './Painter.module.css'
import { blocksOf, brushed, clock, dayMinutes, days, paint, periodsOf, type Period } from './week'

const step = 15

type Stroke = { day: number; minute: number; toDay: number; toMinute: number }

/** Painter is the week as a picture: a plan is chosen and painted over days and hours. The list of periods beside it does the same with the keyboard. */
export function Painter({ plans }: { plans: Schemas['PlanSummary'][] }) {
  const t = usePlanTexts()
  const { language } = useMessages()
  const f = useField<Period[]>('periods')
  const week = useMemo(() => paint(f.value ?? []), [f.value])
  const [plan, setPlan] = useState(plans[1]?.number ?? plans[0]?.number ?? 0)
  const [stroke, setStroke] = useState<Stroke | null>(null)
  const names = new Map(plans.map((p) => [p.number, p.name]))
  const weekday = (i: number) => new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(Date.UTC(2024, 0, 1 + i))

  const area = stroke && {
    first: Math.min(stroke.day, stroke.toDay),
    last: Math.max(stroke.day, stroke.toDay),
    from: Math.min(stroke.minute, stroke.toMinute),
    to: Math.max(stroke.minute, stroke.toMinute) + step,
  }
  const place = (e: PointerEvent<HTMLElement>): { day: number; minute: number } | null => {
    const row = document.elementsFromPoint(e.clientX, e.clientY).find((x): x is HTMLElement => x instanceof HTMLElement && x.dataset.day !== undefined)
    const box = (row ?? e.currentTarget).getBoundingClientRect()
    const part = Math.min(Math.max((e.clientX - box.left) / box.width, 0), 0.9999)
    const day = Number((row ?? e.currentTarget).dataset.day)
    return Number.isNaN(day) ? null : { day, minute: Math.floor((part * dayMinutes) / step) * step }
  }
  const down = (e: PointerEvent<HTMLElement>) => {
    const at = place(e)
    if (!at || e.button !== 0) return
    e.currentTarget.setPointerCapture(e.pointerId)
    setStroke({ day: at.day, minute: at.minute, toDay: at.day, toMinute: at.minute })
  }
  const move = (e: PointerEvent<HTMLElement>) => {
    const at = stroke && place(e)
    if (at) setStroke({ ...stroke, toDay: at.day, toMinute: at.minute })
  }
  const up = () => {
    if (area) f.set(periodsOf(brushed(week, area.first, area.last, area.from, area.to, plan)))
    setStroke(null)
  }
  return (
    <Stack gap="sm">
      <Group gap="xs" role="radiogroup" aria-label={t('paint.with')}>
        <Text size="sm" fw={500}>
          {t('paint.with')}
        </Text>
        {[...plans, { number: 0, name: t('paint.nothing') }].map((p) => (
          <Button
            key={p.number}
            size="compact-sm"
            variant="default"
            role="radio"
            aria-checked={plan === p.number}
            onClick={() => setPlan(p.number)}
            style={{
              ...(p.number ? planColour(p.number) : {}),
              color: 'inherit',
              outline: plan === p.number ? '2px solid var(--mantine-primary-color-filled)' : undefined,
              outlineOffset: 1,
            }}
          >
            {p.number || ''} {p.name}
          </Button>
        ))}
      </Group>
      <Text size="sm" c="dimmed">
        {t('paint.help')}
      </Text>
      <div>
        {days.map((d, i) => (
          <Group key={d} gap="sm" wrap="nowrap" mb={6}>
            <Text size="sm" w={86}>
              {weekday(i)}
            </Text>
            <div className={style.row} data-day={i} onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={() => setStroke(null)}>
              {blocksOf(week, i).map((b) => (
                <div
                  key={b.from}
                  className={style.block}
                  title={`${clock(b.from)}–${clock(b.to)}`}
                  style={{ left: `${(b.from / dayMinutes) * 100}%`, width: `${((b.to - b.from) / dayMinutes) * 100}%`, ...planColour(b.plan) }}
                >
                  {b.plan} {names.get(b.plan)} {clock(b.from)}–{clock(b.to)}
                </div>
              ))}
              {area && i >= area.first && i <= area.last && (
                <div className={style.brush} style={{ left: `${(area.from / dayMinutes) * 100}%`, width: `${((area.to - area.from) / dayMinutes) * 100}%` }} />
              )}
            </div>
          </Group>
        ))}
        <Group gap="sm" wrap="nowrap">
          <Text w={86} size="xs" ta="right" fw={600} role="status">
            {area ? `${clock(area.from)}–${clock(area.to)}` : ''}
          </Text>
          <Group justify="space-between" style={{ flex: 1 }}>
            {[0, 6, 12, 18, 24].map((h) => (
              <Text key={h} size="xs" c="dimmed">
                {h}:00
              </Text>
            ))}
          </Group>
        </Group>
      </div>
    </Stack>
  )
}
