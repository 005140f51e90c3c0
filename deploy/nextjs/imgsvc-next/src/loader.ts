/** A loader for `next/image`: `images: { loader: 'custom', loaderFile: … }`, for every picture of the site. */

import { publicPlace } from './place'
import { imageUrl, isOwnUrl, type ImageOptions, type Place } from './urls'

/** What `next/image` asks a loader for. */
export interface LoaderRequest {
  src: string
  /** px, one of the site's `deviceSizes` and `imageSizes`. */
  width: number
  quality?: number | undefined
}

export type Loader = (request: LoaderRequest) => string

/**
 * Make a loader of your own.
 *
 * @param options what all its pictures get beside their width, such as `{ fit: 'cover', height: 400 }`.
 * @param place where the service is; by default as the environment says when the site is built.
 */
export function createLoader(options: ImageOptions = {}, place: Place = publicPlace()): Loader {
  return ({ src, width, quality }) =>
    src.startsWith('data:') || src.startsWith('blob:') || isOwnUrl(src, place)
      ? src
      : imageUrl(src, { ...options, width, quality: quality ?? options.quality }, place)
}

/** The loader for `loaderFile`. */
const imgsvcLoader: Loader = createLoader()

export default imgsvcLoader
