import { Group, NumberInput, SegmentedControl, Select, TextInput } from '@mantine/core'
import { useTexts } from '../../messages'
import { intervals, periodOf, presets, type Interval, type Period, type Preset } from './period'
import { queueTexts } from './texts'

/** PeriodPicker chooses of when and by what there are figures. */
export function PeriodPicker({ period, zone, onChange }: { period: Period; zone: string | undefined; onChange: (p: Period) => void }) {
  const t = useTexts(queueTexts)
  const choose = (preset: Preset) => onChange({ ...period, preset, ...(preset === 'own' ? {} : periodOf(preset, zone)) })
  return (
    <Group align="end">
      <SegmentedControl style={{ maxWidth: '100%', overflowX: 'auto' }} aria-label={t('period')} value={period.preset} onChange={(v) => choose(v as Preset)} data={presets.map((p) => ({ value: p, label: t(`period.${p}`) }))} />
      {period.preset === 'own' && (
        <>
          <TextInput type="date" label={t('from')} value={period.from} max={period.to} required onChange={(e) => e.currentTarget.value && onChange({ ...period, from: e.currentTarget.value })} />
          <TextInput type="date" label={t('to')} value={period.to} min={period.from} required onChange={(e) => e.currentTarget.value && onChange({ ...period, to: e.currentTarget.value })} />
        </>
      )}
      <Select
        label={t('interval')}
        w={180}
        allowDeselect={false}
        value={period.interval}
        data={intervals.map((i) => ({ value: i, label: t(`interval.${i}`) }))}
        onChange={(v) => v && onChange({ ...period, interval: v as Interval })}
      />
      <NumberInput label={t('within')} w={210} min={1} max={86400} placeholder={t('within.help')} value={period.level ?? ''} onChange={(v) => onChange({ ...period, level: v === '' ? undefined : Number(v) })} />
    </Group>
  )
}
