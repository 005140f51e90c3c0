import type { Metadata } from 'next'
import Image from 'next/image'
import Link from 'next/link'
import { connection } from 'next/server'

import { imageUrl, LogoImage, shareImage, ThemedLogo } from 'imgsvc-next'
import { signPath } from 'imgsvc-next/sign'

import { LOGO_DOMAIN, PICTURES_URL, SIGNED_PICTURES_URL } from '../pictures'

export const metadata: Metadata = {
  metadataBase: new URL(process.env.NEXT_PUBLIC_SITE_URL ?? 'http://localhost:3000'),
  title: 'Pictures by imgsvc',
  openGraph: { images: [shareImage('The title of this page', { title: 'Pictures by imgsvc' })] },
}

export default async function Page() {
  await connection() // what the environment says is read now, not when the site is built
  return (
    <>
      <h1>Pictures by imgsvc</h1>
      <figure>
        <Image
          className="wide"
          src={`${PICTURES_URL}/landscape.jpg`}
          alt="A landscape as wide as the page"
          width={2000}
          height={1250}
          sizes="(max-width: 60rem) 100vw, 60rem"
          preload
        />
        <figcaption>From another server; the browser takes the width it needs.</figcaption>
      </figure>
      <figure>
        <Image src="/hills.jpg" alt="Hills from this site's own folder" width={320} height={200} />
        <figcaption>From this site, through /_next/image.</figcaption>
      </figure>
      <Signed />
      <Logos />
      <p>
        <Link href="/blur" prefetch={false}>Placeholders</Link>
      </p>
    </>
  )
}

/** A picture of a server that is not allowed: signed here, where the key is. */
function Signed() {
  if (!process.env.IMGSVC_SIGNING_KEYS) return null
  const src = `${SIGNED_PICTURES_URL}/landscape.jpg`
  const path = signPath(imageUrl(src, { width: 640 }), { expiresSeconds: 3600 })
  return (
    <figure>
      <Image src={path} alt="A signed landscape" width={320} height={200} unoptimized />
      <figcaption>One size, signed for an hour.</figcaption>
    </figure>
  )
}

function Logos() {
  return (
    <figure>
      <div className="row">
        <LogoImage domain={LOGO_DOMAIN} alt="A logo" size={64} />
        <ThemedLogo domain={LOGO_DOMAIN} alt="A logo in two versions" size={64} />
        <div className="dark">
          <LogoImage domain={LOGO_DOMAIN} alt="A logo on a dark ground" size={64} theme="dark" />
        </div>
      </div>
      <figcaption>As it is; in the version that reads on this page; and adapted to a ground that is always dark.</figcaption>
    </figure>
  )
}
