import { infiniteQueryOptions } from '@tanstack/react-query'

/** Page is a page of a list as the API gives it. */
export type Page<T> = { items: T[] | null; total?: number; next?: string }

/** pagesOf asks for the pages of a list, one after the other. */
export function pagesOf<T>(queryKey: readonly unknown[], list: (cursor: string | undefined) => Promise<Page<T>>) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam }) => list(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
  })
}
