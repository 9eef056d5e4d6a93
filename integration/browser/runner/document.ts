/** Document knows the operations of the API's OpenAPI document. */
export class Document {
  private constructor(private readonly operations: { method: string; path: RegExp; name: string }[]) {}

  static async read(url: string): Promise<Document> {
    const answer = await fetch(`${url}/api/v1/openapi.json`)
    const { paths } = (await answer.json()) as { paths: Record<string, Record<string, { operationId: string }>> }
    const operations = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, o]) => ({ method: method.toUpperCase(), path: new RegExp('^' + path.replace(/\{[^}]+\}/g, '[^/]+') + '$'), name: o.operationId })),
    )
    // The document itself is the one thing that it does not describe.
    operations.push({ method: 'GET', path: /^\/api\/v1\/openapi\.json$/, name: 'openapi' })
    return new Document(operations)
  }

  /** has gives the operation of a request; '': there is none. */
  has(method: string, path: string): string {
    return this.operations.find((o) => o.method === method && o.path.test(path))?.name ?? ''
  }
}
