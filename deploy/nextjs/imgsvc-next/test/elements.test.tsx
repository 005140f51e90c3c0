import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'

import Image from 'next/image'
import { renderToStaticMarkup } from 'react-dom/server'

import { LogoImage, logoUrl, shareImage, ThemedLogo } from '../src'
import { BlurImage, fetchBlur } from '../src/blur'

test('a logo has a size, a text, and a picture for each density', () => {
  const html = renderToStaticMarkup(<LogoImage domain="acme.example" alt="Acme" size={48} fallback="404" />)

  const url = '/api/logo?website=acme.example&amp;size=48'
  assert.ok(html.includes(`src="${url}&amp;fallback=404"`), html)
  assert.ok(
    html.includes(
      `srcSet="${url}&amp;fallback=404 1x, ${url}&amp;dpr=2&amp;fallback=404 2x, ${url}&amp;dpr=3&amp;fallback=404 3x"`,
    ),
    html,
  )
  assert.match(html, /alt="Acme" width="48" height="48"/)
})

test('a company is found by its name, and other attributes reach the element', () => {
  const html = renderToStaticMarkup(
    <LogoImage company="Acme & Sons" alt="" theme="dark" className="c" style={{ opacity: 0.5 }} loading="eager" />,
  )

  assert.ok(html.includes('company=Acme+%26+Sons&amp;size=64&amp;theme=dark'), html)
  assert.match(html, /loading="eager".*class="c"/)
  assert.match(html, /style="object-fit:contain;opacity:0.5"/)
})

test('a themed logo asks for its dark version in the dark only', () => {
  const html = renderToStaticMarkup(<ThemedLogo domain="acme.example" alt="Acme" />)
  const [source = '', img = ''] = html.split('<img')

  assert.match(source, /^<picture><source media="\(prefers-color-scheme: dark\)" srcSet="[^"]*theme=dark/)
  assert.ok(!source.includes('theme=light') && !img.includes('theme=dark') && img.includes('theme=light'), html)
})

test('a logo is one of a domain or of a company', () => {
  const place = { base: 'https://i.example' }
  assert.equal(logoUrl({ domain: 'a.example' }, {}, place), 'https://i.example/api/logo?website=a.example')
  // @ts-expect-error neither
  logoUrl({})
  // @ts-expect-error both
  logoUrl({ domain: 'a.example', company: 'A' })
})

test('a share picture says its size', () => {
  assert.deepEqual(shareImage('A card', { title: 'Pictures', for: 'linkedin', width: 1200, height: 627 }), {
    url: '/api/og-image?title=Pictures&for=linkedin&w=1200&h=627',
    width: 1200,
    height: 627,
    alt: 'A card',
  })
})

/** Listens until the test ends, answered or not. */
async function listening(t: TestContext, answer: (url: string) => [status: number, body: string] | undefined) {
  const server = createServer((request, response) => {
    const answered = answer(request.url ?? '')
    if (answered) response.writeHead(answered[0]).end(answered[1])
  })
  const end = () => {
    server.closeAllConnections()
    server.close()
  }
  t.after(end)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, end }
}

const SRC = 'https://a.example/a.jpg'
const BLUR = { width: 4, height: 3, placeholder: 'data:image/webp;base64,AAAA' }

test('a placeholder is asked of the service where the page is rendered', async (t) => {
  const asked: string[] = []
  const { base } = await listening(t, (url) => (asked.push(url), [200, JSON.stringify(BLUR)]))

  assert.deepEqual(await fetchBlur(SRC, { place: { base } }), BLUR)
  assert.deepEqual(asked, ['/api/cache/images?url=https%3A%2F%2Fa.example%2Fa.jpg&placeholder=blur'])
})

test('a service that refuses, is silent, or is not there costs no page', async (t) => {
  const refusing = await listening(t, () => [503, '{}'])
  const silent = await listening(t, () => undefined)

  assert.equal(await fetchBlur(SRC, { place: { base: refusing.base } }), undefined)
  assert.equal(await fetchBlur(SRC, { place: { base: silent.base }, timeoutMs: 50 }), undefined)
  refusing.end()
  assert.equal(await fetchBlur(SRC, { place: { base: refusing.base } }), undefined)
})

test('what Next.js asks for without this loader is what the service answers at /_next/image', async () => {
  const html = renderToStaticMarkup(<Image src="/a b.jpg" alt="" width={300} height={200} />)

  // tests/e2e/test_nextjs.py asks nginx for such a one.
  assert.ok(html.includes('src="/_next/image?url=%2Fa%20b.jpg&amp;w=640&amp;q=75"'), html)
})

test('a blurred picture carries its placeholder, and goes without where there is none', async (t) => {
  const { base, end } = await listening(t, () => [200, JSON.stringify(BLUR)])
  const render = async () => renderToStaticMarkup(await BlurImage({ src: SRC, alt: 'A', width: 400, height: 300 }))
  process.env.SIDECAR_URL = base
  t.after(() => delete process.env.SIDECAR_URL)

  assert.ok((await render()).includes(BLUR.placeholder))
  end()
  assert.ok(!(await render()).includes('background-image'))
})
