import type { ReactNode, Ref } from 'react'

/** Submit is a form whose mistakes we tell ourselves, in the language and manner of the portal. */
export function Submit({ on, ref, children }: { on: () => void; ref?: Ref<HTMLFormElement>; children: ReactNode }) {
  return (
    <form
      ref={ref}
      noValidate
      onSubmit={(e) => {
        e.preventDefault()
        on()
      }}
    >
      {children}
    </form>
  )
}
