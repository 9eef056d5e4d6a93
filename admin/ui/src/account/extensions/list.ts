import type { LoaderFunctionArgs } from 'react-router'
import { api, data } from '../../api/client'
import { aheadPages } from '../../api/queries'
import type { Kind } from '../../forms/fields/extensions'
import { pagesOf } from '../../layout/pages'

/** extensionList are the extensions of an account: of a kind, and what fits a search. */
export function extensionList(account: number, kind: Kind | undefined, search: string) {
  const queryKey = ['extensions', account, 'list', kind, search]
  const list = (cursor: string | undefined) =>
    data(api.GET('/api/v1/accounts/{account}/extensions', { params: { path: { account }, query: { cursor, kind, limit: 50, ...(search ? { search } : {}) } } }))
  return { queryKey, list }
}

/** extensionsAhead asks for the list that the page at an address begins with. */
export function extensionsAhead({ params, request }: LoaderFunctionArgs) {
  const kind = (new URL(request.url).searchParams.get('kind') as Kind | null) ?? undefined
  const { queryKey, list } = extensionList(Number(params.account), kind, '')
  return aheadPages(pagesOf(queryKey, list))
}
