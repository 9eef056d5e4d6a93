import type { ReactNode } from 'react'
import style from './Tag.module.css'

/** Tag is a word that stands out in rows of a list. */
export function Tag({ children }: { children: ReactNode }) {
  return <span className={style.tag}>{children}</span>
}
