import assert from 'node:assert/strict'
import { test } from 'node:test'

import { signPath } from '../src/sign'
import vectors from './sign-vectors.json'

test('paths are signed as the service signs them', () => {
  assert.ok(vectors.length > 0)
  for (const { key, target, signed } of vectors) assert.equal(signPath(target, { key }), signed)
})

test('an end is part of what is signed, and replaces another', () => {
  const target = '/api/cache/images?url=https%3A%2F%2Fa.example%2Fa.jpg&exp=1&sig=x'
  const signed = signPath(target, { key: 'k', expiresSeconds: 60, nowSeconds: 1000.9 })

  assert.match(signed, /^\/api\/cache\/images\?exp=1060&url=[^&]+&sig=[\w-]{43}$/)
  assert.equal(signed, signPath('/api/cache/images?exp=1060&url=https://a.example/a.jpg', { key: 'k' }))
})

test('the first of the keys in the environment signs', () => {
  process.env.IMGSVC_SIGNING_KEYS = ' one , two'
  assert.equal(signPath('/api/logo?url=a'), signPath('/api/logo?url=a', { key: 'one' }))
  delete process.env.IMGSVC_SIGNING_KEYS
  assert.throws(() => signPath('/api/logo?url=a'), /IMGSVC_SIGNING_KEYS/)
})
