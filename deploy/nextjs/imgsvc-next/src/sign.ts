/** Signed paths, for sources outside IMGSVC_ALLOWED_HOSTS. For the server only: it holds the key. */

import { createHmac } from 'node:crypto'

export interface SignOptions {
  /** By default the first of IMGSVC_SIGNING_KEYS, which is the service's own setting. */
  key?: string
  /** Seconds from now until the path ends; unset, it is good for ever. */
  expiresSeconds?: number
  /** Unix seconds; the clock's. */
  nowSeconds?: number
}

type Pair = readonly [name: string, value: string]

/**
 * Sign a path of the service.
 *
 * The signature is HMAC-SHA256, as base64url without padding, of the path and the parameters in one order and one
 * spelling (docs/api.md, "Who may be fetched").
 *
 * @param target a path with its query, or a URL: then its origin is left out, as `imgsvc sign` does.
 * @returns the path to use as it is; a width cannot be added to it.
 * @throws Error where there is no key.
 */
export function signPath(target: string, options: SignOptions = {}): string {
  const { expiresSeconds, nowSeconds = Date.now() / 1000 } = options
  const url = new URL(target, 'http://any.invalid')
  const replaced = expiresSeconds === undefined ? ['sig'] : ['sig', 'exp']
  const pairs: Pair[] = [...url.searchParams].filter(([name]) => !replaced.includes(name))
  if (expiresSeconds !== undefined) pairs.push(['exp', String(Math.floor(nowSeconds) + expiresSeconds)])
  const text = `${url.pathname}?${canonicalQuery(pairs)}`
  const signature = createHmac('sha256', options.key ?? firstKey()).update(text).digest('base64url')
  return `${text}&sig=${signature}`
}

function firstKey(): string {
  const key = (process.env.IMGSVC_SIGNING_KEYS ?? '').split(',')[0]?.trim()
  if (!key) throw new Error('IMGSVC_SIGNING_KEYS is empty: there is nothing to sign with')
  return key
}

function canonicalQuery(pairs: Pair[]): string {
  return [...pairs]
    .sort((a, b) => byBytes(a[0], b[0]) || byBytes(a[1], b[1]))
    .map((pair) => pair.map(encoded).join('='))
    .join('&')
}

/** UTF-8 has the order of code points, which JavaScript's own comparison has not. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
