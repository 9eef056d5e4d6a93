import { useEffect, useState } from 'react'

/** useNow is the time, each second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}

/** since is how many seconds ago something was, by the browser's clock. */
export function since(at: string | undefined, now: number): number {
  return at ? Math.max(0, (now - Date.parse(at)) / 1000) : 0
}
