import { useEffect } from 'react'

/** useSoon loads a part of the portal that is likely to be needed, when what is open has had its time. */
export function useSoon(load: () => Promise<unknown>) {
  useEffect(() => {
    const soon = setTimeout(() => void load().catch(() => undefined), 1000)
    return () => clearTimeout(soon)
  }, [load])
}
