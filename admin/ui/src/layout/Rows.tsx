import type { ReactNode } from 'react'
import style from './Rows.module.css'

export type Column<T> = { title: string; cell: (row: T) => ReactNode }

type Props<T> = { rows: T[]; columns: Column<T>[]; id: (row: T) => string; /** What the first cell of a row does; not there: rows are only looked at. */ onOpen?: ((row: T) => void) | undefined }

/** Rows is the table of a list. Its elements are plain ones: of a long list there are hundreds. */
export function Rows<T>({ rows, columns, id, onOpen }: Props<T>) {
  return (
    <div className={style.scroll}>
      <table className={style.table}>
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.title}>{c.title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={id(r)}>
              {columns.map((c, i) => (
                <td key={c.title}>
                  {i === 0 && onOpen ? (
                    <button type="button" className={`mantine-focus-auto ${style.open}`} onClick={() => onOpen(r)}>
                      {c.cell(r)}
                    </button>
                  ) : (
                    c.cell(r)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
