// WPS 365 has no SDK: KSO-1 after the public recipe, with Node's own crypto and fetch.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test from 'node:test'
import { newWorld } from './world.js'

const path = '/v7/workflow/approval_defines/user_manage'

async function page(env, query, { key = env.app_key, token = env.access_token } = {}) {
  const uri = `${path}?${query}`
  const type = 'application/json'
  const date = new Date().toUTCString()
  const signature = createHmac('sha256', key).update(`KSO-1GET${uri}${type}${date}`).digest('hex')
  const reply = await fetch(env.url + uri, { headers: { 'Content-Type': type, 'X-Kso-Date': date,
    'X-Kso-Authorization': `KSO-1 ${env.app_id}:${signature}`, Authorization: `Bearer ${token}` } })
  return { status: reply.status, ...(await reply.json()) }
}

async function token(env, form) {
  const reply = await fetch(`${env.url}/oauth2/token`, { method: 'POST',
    body: new URLSearchParams({ client_id: env.app_id, client_secret: env.app_key, ...form }) })
  return { status: reply.status, ...(await reply.json()) }
}

test('pages to the end', async (t) => {
  const world = await newWorld(t)
  await world.state('wps-definitions', { count: 25 })
  const ids = []
  for (let cursor = '', more = true; more;) {
    const { status, code, data } = await page(world.env.wps, `cursor=${encodeURIComponent(cursor)}&page=10`)
    assert.deepEqual([status, code], [200, 0])
    ids.push(...data.items.map((item) => item.id))
    more = data.has_more
    cursor = data.next_cursor
  }
  assert.equal(new Set(ids).size, 25)
  assert.equal(ids.length, 25)
})

test('refusals', async (t) => {
  const { env: { wps } } = await newWorld(t)
  const outcome = async (...args) => {
    const { status, code } = await page(wps, ...args)
    return [status, code]
  }
  assert.deepEqual(await outcome('cursor=&page=10', { key: 'wrong' }), [401, 401000001])
  assert.deepEqual(await outcome('cursor=&page=10', { token: 'wrong' }), [401, 401000001])
  assert.deepEqual(await outcome('cursor=assdas&page=10'), [400, 400000007])
  assert.deepEqual(await outcome('cursor=&page=31'), [400, 400000007])
})

test('tokens', async (t) => {
  const world = await newWorld(t)
  const { wps } = world.env
  const consent = await world.state('wps-authorization-code')
  const exchange = { grant_type: 'authorization_code', ...consent }
  const first = await token(wps, exchange)
  assert.equal(first.status, 200)
  assert.equal((await page(wps, 'cursor=&page=1', { token: first.access_token })).status, 200)
  assert.equal((await token(wps, exchange)).code, 40100009)
  const refresh = { grant_type: 'refresh_token', refresh_token: first.refresh_token }
  const second = await token(wps, refresh)
  assert.notEqual(second.refresh_token, first.refresh_token)
  assert.equal((await token(wps, refresh)).msg, 'invalid_grant')
  assert.equal((await page(wps, 'cursor=&page=1', { token: second.access_token })).status, 200)
  const app = await token(wps, { grant_type: 'client_credentials' })
  assert.equal((await page(wps, 'cursor=&page=1', { token: app.access_token })).code, 400000003)
})
