import { publicPlace } from './place'
import { shareImageUrl, type Place, type ShareOptions } from './urls'

/** One of a page's `openGraph.images`, as Next.js' `Metadata` takes them. */
export interface ShareImage {
  url: string
  width: number
  height: number
  alt: string
}

/**
 * Give a page's share picture for `generateMetadata`; `metadataBase` makes its URL absolute.
 *
 * @param alt what it shows.
 */
export function shareImage(alt: string, options: ShareOptions, place: Place = publicPlace()): ShareImage {
  const { width = 1200, height = 630 } = options
  return { url: shareImageUrl({ ...options, width, height }, place), width, height, alt }
}
