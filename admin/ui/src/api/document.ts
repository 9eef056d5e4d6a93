import { useQuery } from '@tanstack/react-query'

/** The part of JSON Schema that the API's document uses. */
export type Schema = {
  $ref?: string
  type?: string | string[]
  properties?: Record<string, Schema>
  items?: Schema
  required?: string[]
  enum?: (string | number)[]
  default?: unknown
  description?: string
  pattern?: string
  minimum?: number
  maximum?: number
  maxLength?: number
  format?: string
  readOnly?: boolean
  writeOnly?: boolean
}

type Document = { components: { schemas: Record<string, Schema> } }

/** useSchemas gives the schemas of the API: forms are made of them, so that they never say other than it does. */
export function useSchemas(): Record<string, Schema> | undefined {
  return useQuery({
    queryKey: ['openapi'],
    staleTime: Infinity,
    queryFn: async (): Promise<Document> => (await fetch('/api/v1/openapi.json')).json(),
  }).data?.components.schemas
}

/** resolve follows a reference. */
export function resolve(schemas: Record<string, Schema>, s: Schema): Schema {
  const name = s.$ref?.split('/').pop()
  return name ? { ...schemas[name], ...(s.description ? { description: s.description } : {}) } : s
}

/** typeOf is the type of a value that is there. */
export function typeOf(s: Schema): string {
  return (Array.isArray(s.type) ? s.type.find((t) => t !== 'null') : s.type) ?? 'string'
}
