/** Logos as elements: no script, nothing to load but pictures; for server and client components alike. */

import type { ComponentPropsWithoutRef } from 'react'

import { publicPlace } from './place'
import { logoUrl, type LogoFallback, type LogoOptions, type LogoSubject, type Theme } from './urls'

const DENSITIES = [1, 2, 3]
const DEFAULT_SIZE_PX = 64

type Img = Omit<ComponentPropsWithoutRef<'img'>, 'alt' | 'src' | 'srcSet' | 'sizes' | 'width' | 'height'>

export type ThemedLogoProps = LogoSubject &
  Img & {
    /** Said instead of the logo where it is not seen; '' where the name stands beside it. */
    alt: string
    /** Side of the square, 16-1024 CSS px; 64. The logo fits in and keeps its ratio. */
    size?: number
    /** What is shown where there is no logo; a monogram. */
    fallback?: LogoFallback
  }

export type LogoImageProps = ThemedLogoProps & {
  /** The background it shall read on; by default it stays as it is. */
  theme?: Theme
}

/** The logo of a domain or a company, sharp at any density. */
export function LogoImage({ domain, company, size = DEFAULT_SIZE_PX, theme, fallback, ...img }: LogoImageProps) {
  return <Logo {...img} size={size} srcSet={densities(subject(domain, company), { size, theme, fallback })} />
}

/** The same in two versions, of which the browser takes the one that reads on the reader's colour scheme. */
export function ThemedLogo({ domain, company, size = DEFAULT_SIZE_PX, fallback, ...img }: ThemedLogoProps) {
  const versions = (theme: Theme) => densities(subject(domain, company), { size, theme, fallback })
  return (
    <picture>
      <source media="(prefers-color-scheme: dark)" srcSet={versions('dark')} />
      <Logo {...img} size={size} srcSet={versions('light')} />
    </picture>
  )
}

function Logo({ alt, size, srcSet, style, ...rest }: Img & { alt: string; size: number; srcSet: string }) {
  return (
    <img
      loading="lazy"
      decoding="async"
      {...rest}
      alt={alt}
      width={size}
      height={size}
      src={srcSet.slice(0, srcSet.indexOf(' '))}
      srcSet={srcSet}
      style={{ objectFit: 'contain', ...style }}
    />
  )
}

function subject(domain: string | undefined, company: string | undefined): LogoSubject {
  return domain === undefined ? { company: company ?? '' } : { domain }
}

function densities(whose: LogoSubject, options: LogoOptions): string {
  const place = publicPlace()
  return DENSITIES.map((dpr) => `${logoUrl(whose, dpr > 1 ? { ...options, dpr } : options, place)} ${dpr}x`).join(', ')
}
