import createClient from 'openapi-fetch'
import type { components, paths } from './schema'

// The only way to the API: paths, parameters and bodies have the types of its OpenAPI document.
export const api = createClient<paths>({ baseUrl: '', fetch: (request) => early(request) ?? fetch(request) })

/** early is the answer to a request that was made before the portal was read. It is taken once. */
function early({ method, url }: Request): Promise<Response> | undefined {
  const path = url.slice(location.origin.length)
  const answer = method === 'GET' ? window.early?.get(path) : undefined
  window.early?.delete(path)
  return answer
}

// What goes wrong is said in the language of the portal.
api.use({
  onRequest({ request }) {
    request.headers.set('Accept-Language', document.documentElement.lang)
  },
})

export type Schemas = components['schemas']

/** What the API answers when it can't do what it is asked (RFC 9457). */
export type Problem = Partial<Schemas['ErrorModel']>

/** ProblemError carries a problem document through promises. */
export class ProblemError extends Error {
  readonly status: number
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title ?? 'error')
    this.status = problem.status ?? 0
    this.problem = problem
  }

  /** The messages of wrong fields by their path, such as user.forwards.busy[0]. */
  get fields(): Record<string, string> {
    const out: Record<string, string> = {}
    for (const e of this.problem.errors ?? []) {
      const at = e.location?.replace(/^(body|path)\.?/, '')
      if (at) out[at] = e.message ?? ''
    }
    return out
  }
}

type Answer<T> = { data?: T; error?: Problem; response: Response }

/** data gives the body of an answer or throws its problem. */
export async function data<T>(answer: Promise<Answer<T>>): Promise<T> {
  const a = await answer.catch((): never => {
    throw new ProblemError({ status: 0, detail: 'offline' })
  })
  if (a.error !== undefined || !a.response.ok) {
    throw new ProblemError({ status: a.response.status, title: a.response.statusText, ...a.error })
  }
  return a.data as T
}

/** row gives the body of an answer with the ETag by which it is changed. */
export async function row<T>(answer: Promise<Answer<T>>): Promise<{ value: T; etag: string }> {
  let etag = ''
  const value = await data(
    answer.then((a) => {
      etag = a.response.headers.get('ETag') ?? ''
      return a
    }),
  )
  return { value, etag }
}
