import { api, data, type Schemas } from '../../api/client'

// A file is the body itself, not a form with a file in it.
const asItIs = { bodySerializer: (f: unknown) => f as BodyInit, headers: { 'Content-Type': 'application/octet-stream' } }

/** uploadAudio makes a recording of a file. */
export function uploadAudio(account: number, file: File, name: string, key: string) {
  return data<Schemas['AudioRecording']>(
    api.POST('/api/v1/accounts/{account}/audio', {
      params: { path: { account }, query: { ...(name ? { name } : {}), ...(key ? { key } : {}) } },
      ...asItIs,
      body: file as unknown as string,
    }),
  )
}

/** replaceAudio puts another file in the place of what a recording was. */
export function replaceAudio(account: number, audio: string, etag: string, file: File) {
  return data<Schemas['AudioRecording']>(
    api.PUT('/api/v1/accounts/{account}/audio/{audio}/file', {
      params: { path: { account, audio }, header: { 'If-Match': etag } },
      ...asItIs,
      body: file as unknown as string,
    }),
  )
}
