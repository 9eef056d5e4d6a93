import { Link } from 'react-router'
import style from './NavEntry.module.css'

type Props = { to: string; active: boolean; label: string; onClick: (() => void) | undefined }

/** NavEntry leads to a section. */
export function NavEntry({ to, active, label, onClick }: Props) {
  return (
    <Link to={to} aria-current={active ? 'page' : undefined} className={`mantine-focus-auto ${style.entry}`} onClick={onClick}>
      {label}
    </Link>
  )
}
