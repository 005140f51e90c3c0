/** Blur placeholders, fetched where the page is rendered; for server components. */

import Image, { type ImageProps } from 'next/image'

import { internalPlace } from './place'
import { imageUrl, type Place } from './urls'

/** What the service says about a picture. */
export interface Blur {
  /** px, of the picture itself. */
  width: number
  height: number
  /** A data URL of a few hundred bytes. */
  placeholder: string
}

export interface BlurOptions {
  /** A page does not wait longer for it; 500 ms. */
  timeoutMs?: number
  /** How long Next.js keeps it; a day. */
  revalidateSeconds?: number
  /** Where the service is; by default as SIDECAR_URL says. */
  place?: Place
}

/**
 * Ask for a picture's placeholder.
 *
 * @param src as for `next/image`.
 * @returns undefined where the service does not answer, or not in time: the page then goes without.
 */
export async function fetchBlur(src: string, options: BlurOptions = {}): Promise<Blur | undefined> {
  const { timeoutMs = 500, revalidateSeconds = 86_400, place = internalPlace() } = options
  const init: RequestInit & { next: { revalidate: number } } = {
    signal: AbortSignal.timeout(timeoutMs),
    next: { revalidate: revalidateSeconds },
  }
  try {
    const response = await fetch(imageUrl(src, { placeholder: 'blur' }, place), init)
    return response.ok ? ((await response.json()) as Blur) : undefined
  } catch {
    return undefined // a page is worth more than its placeholders
  }
}

/** `next/image` that shows a blur placeholder until the picture is there. */
export async function BlurImage({ src, ...rest }: Omit<ImageProps, 'src' | 'placeholder'> & { src: string }) {
  const blur = await fetchBlur(src)
  const blurred = blur === undefined ? {} : { placeholder: 'blur' as const, blurDataURL: blur.placeholder }
  return <Image {...rest} {...blurred} src={src} />
}
