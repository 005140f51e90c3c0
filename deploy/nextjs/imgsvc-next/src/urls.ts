/** URLs of imgsvc's routes, typed. What each parameter does: docs/api.md of the service. */

/** Where the service and the site are found. */
export interface Place {
  /** What the service's routes begin with: '' (default) for the site's own origin, or `https://img.example.com`. */
  base?: string
  /** The site's public URL. With it a relative source becomes absolute; without, it goes to `/_next/image`. */
  site?: string
}

export type Fit = 'inside' | 'cover' | 'contain' | 'fill' | 'outside'
export type Format = 'auto' | 'webp' | 'avif' | 'png' | 'jpg' | 'gif' | 'original'
export type Placeholder = 'blur' | 'color' | 'thumbhash'
export type Compass = 'north' | 'northeast' | 'east' | 'southeast' | 'south' | 'southwest' | 'west' | 'northwest'
export type Gravity = Compass | 'centre' | 'attention' | 'entropy' | `fp:${number}:${number}`
export type Theme = 'light' | 'dark' | 'auto' | 'none'
export type LogoFallback = 'monogram' | '404' | 'placeholder' | 'transparent'
export type Network = 'twitter' | 'facebook' | 'linkedin' | 'slack' | 'whatsapp' | 'discord'

/** What is made of a picture. Without `width` and `height` it keeps its size. */
export interface ImageOptions {
  /** CSS px, 1-8192. */
  width?: number | undefined
  /** CSS px, 1-8192. */
  height?: number | undefined
  /** 1-4; multiplies both sides. */
  dpr?: number
  /** 1-100; unset, each format has its own. */
  quality?: number | undefined
  fit?: Fit
  /** What `fit: 'cover'` keeps. */
  gravity?: Gravity
  /** A colour: hex without `#`, or a CSS name. */
  background?: string
  format?: Format
  /** Sigma, 0.3-250 px. */
  blur?: number
  greyscale?: boolean
  /** JSON about the picture instead of the picture. */
  placeholder?: Placeholder
  /** Any text; with it the answer may be kept for a year. Change it whenever the picture changes. */
  version?: string
}

/** Whose logo: one of the two. */
export type LogoSubject = { domain: string; company?: never } | { company: string; domain?: never }

export interface LogoOptions {
  /** Side of the square the logo fits in, 16-1024 CSS px; 128. */
  size?: number | undefined
  /** 1-4; multiplies `size`. */
  dpr?: number
  /** The background of the page. */
  theme?: Theme | undefined
  fallback?: LogoFallback | undefined
  background?: string | undefined
  greyscale?: boolean | undefined
}

/** What a share picture shows: the picture of a page, or a card with a title. */
export interface ShareOptions {
  /** A page or a picture, absolute. */
  url?: string
  title?: string
  subtitle?: string
  kind?: 'og-card' | 'person' | 'company'
  for?: Network
  /** px; 1200. */
  width?: number
  /** px; 630. */
  height?: number
}

type Value = string | number | boolean | undefined

export const IMAGES_PATH = '/api/cache/images'
export const NEXT_PATH = '/_next/image'
const OWN_PATHS = [IMAGES_PATH, NEXT_PATH, '/api/logo', '/api/og-image', '/api/assets/', '/api/twitter-image/']

/**
 * Give the URL of a picture.
 *
 * @param src an http or https URL, or a path of the site.
 */
export function imageUrl(src: string, options: ImageOptions = {}, place: Place = {}): string {
  const absolute = resolved(src, place.site)
  const path = isAbsolute(absolute) ? IMAGES_PATH : NEXT_PATH
  return built(place.base, path, {
    url: absolute,
    w: options.width,
    h: options.height,
    dpr: options.dpr,
    q: options.quality,
    fit: options.fit,
    g: options.gravity,
    bg: options.background,
    f: options.format,
    blur: options.blur,
    greyscale: options.greyscale,
    placeholder: options.placeholder,
    v: options.version,
  })
}

/** Give the URL of a logo. */
export function logoUrl(subject: LogoSubject, options: LogoOptions = {}, place: Place = {}): string {
  return built(place.base, '/api/logo', {
    website: subject.domain,
    company: subject.company,
    size: options.size,
    dpr: options.dpr,
    theme: options.theme,
    bg: options.background,
    greyscale: options.greyscale,
    fallback: options.fallback,
  })
}

/** Give the URL of a share picture, for a page's `og:image`; networks want it absolute. */
export function shareImageUrl(options: ShareOptions, place: Place = {}): string {
  const { width = 1200, height = 630, ...rest } = options
  return built(place.base, '/api/og-image', { ...rest, w: width, h: height })
}

/** Whether a URL is one of the service's already; such a one may be signed, and is not to be touched. */
export function isOwnUrl(src: string, { base = '' }: Place = {}): boolean {
  const path = base && src.startsWith(base) ? src.slice(base.length) : src
  return OWN_PATHS.some((own) => path.startsWith(own) && endsThere(own, path.slice(own.length)))
}

function endsThere(own: string, rest: string): boolean {
  return own.endsWith('/') || /^([/?#]|$)/.test(rest)
}

function isAbsolute(src: string): boolean {
  return /^https?:\/\//i.test(src)
}

function resolved(src: string, site: string | undefined): string {
  return site === undefined || isAbsolute(src) ? src : new URL(src, site).href
}

function built(base: string | undefined, path: string, values: Record<string, Value>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== false) query.append(name, value === true ? '1' : String(value))
  }
  return `${(base ?? '').replace(/\/+$/, '')}${path}?${query}`
}
