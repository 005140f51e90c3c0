// The standalone server comes without the files that a CDN may serve in its place; here it serves them itself.
import { cpSync } from 'node:fs'

const server = '.next/standalone/example'
cpSync('public', `${server}/public`, { recursive: true })
cpSync('.next/static', `${server}/.next/static`, { recursive: true })
