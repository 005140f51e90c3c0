import path from 'node:path'

import type { NextConfig } from 'next'

// Read when the site is built: rewrites are part of the build.
const imgsvc = process.env.SIDECAR_URL ?? 'http://127.0.0.1:8080'

// The service's routes for everybody; those for operators are not among them.
const FORWARDED = [
  '/api/cache/images',
  '/api/logo/:path*',
  '/api/og-image',
  '/api/og-data',
  '/api/assets/:id',
  '/api/twitter-image/:path*',
  '/_next/image',
]

const nextConfig: NextConfig = {
  output: 'standalone',
  // Where package-lock.json is; a site without workspaces leaves both out.
  outputFileTracingRoot: path.dirname(__dirname),
  turbopack: { root: path.dirname(__dirname) },
  // It comes as TypeScript.
  transpilePackages: ['imgsvc-next'],
  images: { loader: 'custom', loaderFile: './image-loader.ts' },
  // Next's own image library, which nothing here calls.
  outputFileTracingExcludes: { '*': ['**/node_modules/sharp/**', '**/node_modules/@img/**'] },
  // Behind a proxy that forwards these routes itself, such as deploy/nginx.conf, nothing of this is reached.
  // First of all, so that Next.js does not answer /_next/image itself.
  rewrites: async () => ({
    beforeFiles: FORWARDED.map((source) => ({ source, destination: `${imgsvc}${source}` })),
  }),
}

export default nextConfig
