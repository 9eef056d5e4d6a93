import { Button, Group } from '@mantine/core'
import { useFullscreenElement } from '@mantine/hooks'
import type { Schemas } from '../../api/client'
import { Empty } from '../../layout/Empty'
import { since, useNow } from '../../live/useNow'
import { useTexts } from '../../messages'
import { span } from '../time'
import { agentColors, countAgents, levelOf, type AgentState } from './agents'
import { queueTexts } from './texts'
import style from './Wallboard.module.css'

type Props = { queue: Schemas['QueueSummary']; board: Schemas['QueueBoard'] | undefined }

const order: AgentState[] = ['free', 'ringing', 'talking', 'wrap-up', 'busy', 'paused', 'unreachable', 'logged-out']

/** Wallboard is a queue now, in figures that can be read from the other end of a room. */
export function Wallboard({ queue, board }: Props) {
  const t = useTexts(queueTexts)
  const full = useFullscreenElement<HTMLDivElement>()
  if (!board) return <Empty>{t('board.none')}</Empty>
  return (
    <div ref={full.ref} className={style.board} data-full={full.fullscreen || undefined}>
      <Group justify="space-between" className={style.head}>
        <span className={style.name}>{full.fullscreen && `${queue.number} ${queue.name}`}</span>
        <Button variant="default" size="xs" onClick={() => void full.toggle()}>
          {t(full.fullscreen ? 'leave' : 'full')}
        </Button>
      </Group>
      <Figures queue={queue} board={board} />
      <People queue={queue} board={board} />
    </div>
  )
}

function Figures({ queue, board }: { queue: Schemas['QueueSummary']; board: Schemas['QueueBoard'] }) {
  const t = useTexts(queueTexts)
  const now = useNow()
  const waited = since(board.oldest ?? undefined, now)
  const level = levelOf(board)
  const late = waited > queue.service_level
  return (
    <div className={style.figures}>
      <Figure name={t('waiting')} value={String(board.waiting)} tone={board.waiting === 0 ? 'good' : late ? 'bad' : 'warn'} />
      <Figure name={t('longest')} value={board.oldest ? span(waited) : '–'} tone={!board.oldest ? 'good' : late ? 'bad' : 'warn'} />
      <Figure
        name={t('level')}
        note={t('level.help', { seconds: queue.service_level })}
        value={level === undefined ? '–' : `${level}%`}
        tone={level === undefined ? undefined : level >= 80 ? 'good' : level >= 60 ? 'warn' : 'bad'}
      />
      <Figure name={t('talking')} value={String(board.talking)} />
      <Figure name={t('answered')} note={t('halfhour')} value={String(board.answered)} />
      <Figure name={t('abandoned')} note={t('halfhour')} value={String(board.abandoned)} />
      <Figure name={t('average')} note={t('halfhour')} value={board.answered > 0 ? span(board.average_wait) : '–'} />
    </div>
  )
}

function Figure({ name, note, value, tone }: { name: string; note?: string; value: string; tone?: 'good' | 'warn' | 'bad' }) {
  return (
    <div className={style.figure} data-tone={tone}>
      <div className={style.value}>{value}</div>
      <div className={style.label}>{name}</div>
      {note && <div className={style.note}>{note}</div>}
    </div>
  )
}

/** People are the agents by what they do, who is free first. */
function People({ queue, board }: { queue: Schemas['QueueSummary']; board: Schemas['QueueBoard'] }) {
  const t = useTexts(queueTexts)
  const now = useNow()
  const count = countAgents(board)
  const names = new Map((queue.agents ?? []).map((a) => [a.extension, a.name]))
  const agents = [...(board.agents ?? [])].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
  return (
    <>
      <div className={style.states}>
        {order
          .filter((s) => count[s])
          .map((s) => (
            <span key={s} className={style.state} data-color={agentColors[s]}>
              <b>{count[s]}</b> {t(`state.${s}`)}
            </span>
          ))}
        {agents.length === 0 && t('board.agents.none')}
      </div>
      <div className={style.agents}>
        {agents.map((a) => (
          <div key={a.agent} className={style.agent} data-color={agentColors[a.state]}>
            <div className={style.who}>{names.get(a.agent) || a.agent}</div>
            <div className={style.what}>
              {t(`state.${a.state}`)}
              {a.state === 'paused' && a.paused && a.paused !== t('state.paused') ? `: ${a.paused}` : ''}
              {a.until ? ` ${span(Math.max(0, (Date.parse(a.until) - now) / 1000))}` : ''}
            </div>
            <div className={style.note}>
              {t('answered')} {a.answered} · {span(a.talk)}
            </div>
          </div>
        ))}
      </div>
    </>
  )
}
