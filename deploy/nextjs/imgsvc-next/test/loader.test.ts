import assert from 'node:assert/strict'
import { test } from 'node:test'

import imgsvcLoader, { createLoader } from '../src/loader'

const SRC = 'https://shop.example/a b.jpg?x=1&y=ü'

function parameters(url: string): Record<string, string> {
  return Object.fromEntries(new URL(url, 'http://site.example').searchParams)
}

test('source, width and quality arrive as they were given', () => {
  const url = imgsvcLoader({ src: SRC, width: 640, quality: 60 })

  assert.match(url, /^\/api\/cache\/images\?url=https%3A%2F%2F/)
  assert.deepEqual(parameters(url), { url: SRC, w: '640', q: '60' })
})

test('without a quality each format keeps its own', () => {
  assert.deepEqual(parameters(imgsvcLoader({ src: SRC, width: 640 })), { url: SRC, w: '640' })
})

test('options are for all pictures of a loader, but width and quality are asked for', () => {
  const load = createLoader({ fit: 'cover', height: 300, quality: 50, greyscale: true, width: 1 })

  const options = { url: SRC, w: '640', h: '300', fit: 'cover', greyscale: '1' }
  assert.deepEqual(parameters(load({ src: SRC, width: 640 })), { ...options, q: '50' })
  assert.deepEqual(parameters(load({ src: SRC, width: 640, quality: 70 })), { ...options, q: '70' })
})

test('a path of the site goes to the route that knows the site', () => {
  assert.equal(imgsvcLoader({ src: '/hills.jpg', width: 640 }), '/_next/image?url=%2Fhills.jpg&w=640')
})

test('a path of the site is resolved where the site is known', () => {
  const load = createLoader({}, { site: 'https://site.example/shop/' })

  assert.equal(parameters(load({ src: '/a.jpg', width: 1 })).url, 'https://site.example/a.jpg')
  assert.equal(parameters(load({ src: 'a.jpg', width: 1 })).url, 'https://site.example/shop/a.jpg')
  assert.equal(parameters(load({ src: '//cdn.example/a.jpg', width: 1 })).url, 'https://cdn.example/a.jpg')
  assert.equal(parameters(load({ src: SRC, width: 1 })).url, SRC)
})

test('the service may be on another origin', () => {
  const load = createLoader({}, { base: 'https://img.example/' })

  assert.match(load({ src: SRC, width: 1 }), /^https:\/\/img\.example\/api\/cache\/images\?/)
  assert.match(load({ src: '/a.jpg', width: 1 }), /^https:\/\/img\.example\/_next\/image\?/)
})

test('what is no source, and what is made already, is left alone', () => {
  const load = createLoader({}, { base: 'https://img.example' })
  const untouched = [
    'data:image/gif;base64,R0lGOD',
    'blob:https://site.example/1',
    '/api/cache/images?url=x&sig=y',
    '/_next/image?url=x',
    '/api/logo?website=a.example',
    '/api/logo/invert?domain=a.example',
    '/api/og-image',
    '/api/assets/00000000-0000-0000-0000-000000000000',
    'https://img.example/api/cache/images?url=x&sig=y',
  ]

  for (const src of untouched) assert.equal(load({ src, width: 640 }), src)
})

test('what only looks like it is a picture of the site', () => {
  for (const src of ['/api/logotype.png', '/api/cache/images2', '/api/assets.png', '/logo/acme.png']) {
    assert.match(imgsvcLoader({ src, width: 640 }), /^\/_next\/image\?url=/)
  }
  assert.match(imgsvcLoader({ src: 'https://img.example/api/logo', width: 640 }), /^\/api\/cache\/images\?url=/)
})
