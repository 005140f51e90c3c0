import type { Place } from './urls'

/**
 * Say where browsers find the service and the site.
 *
 * Next.js puts the values of NEXT_PUBLIC_ names into what browsers get when the site is built; so the names have to
 * stand here as they are.
 */
export function publicPlace(): Place {
  const base = process.env.NEXT_PUBLIC_IMGSVC_URL
  const site = process.env.NEXT_PUBLIC_SITE_URL
  return { ...(base ? { base } : {}), ...(site ? { site } : {}) }
}

/** Say where the site's own server finds the service: beside it, unless SIDECAR_URL says otherwise. */
export function internalPlace(): Place {
  return { ...publicPlace(), base: process.env.SIDECAR_URL ?? 'http://127.0.0.1:8080' }
}
