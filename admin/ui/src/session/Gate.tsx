import { Center, Loader, Paper } from '@mantine/core'
import { useEffect, useRef, type ReactNode } from 'react'
import { LateModal } from '../layout/Late'
import { LogIn } from './LogIn'
import { NewPassword } from './NewPassword'
import { useSession } from './session'

/** Gate shows the portal to who is logged in. When a session ends, what is open stays below the log-in. */
export function Gate({ children }: { children: ReactNode }) {
  const me = useSession()
  const was = useRef(false)
  useEffect(() => {
    if (me) was.current = true
  }, [me])
  if (me === undefined) {
    return (
      <Center h="100vh">
        <Loader />
      </Center>
    )
  }
  const front = (content: ReactNode) => (
    <Center mih="100vh" p="md" component="main">
      <Paper withBorder shadow="md" p="xl" w={400} maw="100%">
        {content}
      </Paper>
    </Center>
  )
  if (me?.must_change) return front(<NewPassword />)
  if (me === null && !was.current) return front(<LogIn />)
  return (
    <>
      {children}
      <LateModal zIndex={400} opened={me === null} onClose={() => {}} withCloseButton={false} centered>
        <LogIn again />
      </LateModal>
    </>
  )
}
