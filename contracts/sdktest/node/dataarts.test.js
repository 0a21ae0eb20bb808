import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import test from 'node:test'
import { newWorld } from './world.js'

const require = createRequire(import.meta.url)
const { BasicCredentials, Region } = require('@huaweicloud/huaweicloud-sdk-core')
const { ClientBuilder } = require('@huaweicloud/huaweicloud-sdk-core/ClientBuilder')

// The SDK prints every refusal. (It also needs the package uuid, which it does not name among its own.)
require('@huaweicloud/huaweicloud-sdk-core/logger/log4jLogger').Logger4jInstance.level = 'off'

const path = '/v2/{project_id}/design/approvals/users'

// approvers is what a generated client of the service would be: its three operations over the SDK's core.
function approvers(http, env) {
  const send = (method, { data, queryParams = {} }) => http.sendRequest({ url: path, method, contentType: 'application/json',
    queryParams, pathParams: {}, headers: { workspace: env.workspace }, data })
  return {
    create: (data) => send('POST', { data }),
    list: (queryParams) => send('GET', { queryParams, data: {} }),
    remove: (ids) => send('DELETE', { queryParams: { approver_ids: ids }, data: {} }),
  }
}

const credentials = (env) => new BasicCredentials().withAk(env.ak).withSk(env.sk).withSecurityToken(env.security_token)

// open is told the project; discover finds it by the region, with GET /v3/projects.
const open = (env) => approvers(new ClientBuilder((http) => http).withEndpoint(env.url)
  .withCredential(credentials(env).withProjectId(env.project_id)).build(), env)
const discover = (env) => approvers(new ClientBuilder((http) => http).withRegion(new Region(env.region, env.url))
  .withCredential(credentials(env).withIamEndpoint(env.url)).build(), env)

async function refused(promise, status, code, text) {
  await assert.rejects(promise, (err) => {
    assert.deepEqual([err.httpStatusCode, err.errorCode, err.errorMsg], [status, code, text])
    assert.match(err.requestId, /^[0-9a-f]{32}$/)
    return true
  })
}

const illegal = 'The user request is illegal.'
const forbidden = 'The user does not have permission to call this API.'

async function life(env, client) {
  const [user] = env.member_user_ids
  const { data: { value: made } } = await client.create({ approver_name: '审批人 a+b', user_id: user, email: 'a.b@example.com', app_name: 'dlg-ds' })
  assert.equal(made.user_id, user)
  assert.equal(made.app_name, 'dlg_ds')
  assert.equal(made.project_id, `${env.project_id}-workspace-${env.workspace}`)
  const { data: { value: page } } = await client.list({ approver_name: '审批人 a+b', limit: 2, offset: 0 })
  assert.equal(page.total, 1)
  assert.equal(page.records[0].id, made.id)
  await refused(client.create({ approver_name: 'twice', user_id: user }), 400, 'DS.60xx', illegal)
  assert.equal((await client.remove(made.id)).data.value, 1)
  assert.equal((await client.list({})).data.value.total, 0)
}

test('an approver lives, permanent credentials', async (t) => {
  const { env } = await newWorld(t)
  await life(env.dataarts, open(env.dataarts))
})

test('an approver lives, temporary credentials', async (t) => {
  const world = await newWorld(t)
  const made = await world.state('temporary-access-key')
  await life(world.env.dataarts, open({ ...world.env.dataarts, ...made }))
})

test('an approver lives, project discovered', async (t) => {
  const { env } = await newWorld(t)
  await life(env.dataarts, discover(env.dataarts))
})

test('pages to the end', async (t) => {
  const world = await newWorld(t)
  await world.state('approvers-exist', { count: 23, approver_name: 'a b*c' })
  const client = open(world.env.dataarts)
  const names = []
  for (let offset = 0; ; offset += 10) {
    const { total, records } = (await client.list({ approver_name: 'a b*c', limit: 10, offset })).data.value
    assert.equal(total, 23)
    names.push(...records.map((r) => r.approver_name))
    if (records.length < 10) break
  }
  assert.deepEqual(names, Array.from({ length: 23 }, (_, i) => `a b*c-${i + 1}`))
  await refused(client.list({ limit: 101 }), 400, 'DS.60xx', illegal)
})

test('refusals', async (t) => {
  const world = await newWorld(t)
  const env = world.env.dataarts
  const [user] = env.member_user_ids
  await refused(open({ ...env, sk: 'wrong' }).create({ approver_name: 'n', user_id: user }), 401, 'APIGW.0301',
    'Incorrect IAM authentication information: verify aksk signature fail')
  await refused(open({ ...env, ak: 'NOSUCHACCESSKEY00000' }).list({}), 401, 'APIGW.0301',
    'Incorrect IAM authentication information: ak NOSUCHACCESSKEY00000 not exist')
  await refused(open({ ...env, workspace: 'unknown' }).list({}), 400, 'DS.60xx', illegal)
  await refused(open(env).create({ approver_name: 'n', user_id: 'nobody' }), 400, 'DS.60xx', illegal)
  await refused(open(env).create({ approver_name: 'n' }), 400, 'DS.60xx', illegal)
  await world.state('caller-role', { role: 'developer' })
  await refused(open(env).create({ approver_name: 'n', user_id: user }), 403, 'DS.60xx', forbidden)
  assert.equal((await open(env).list({})).data.value.total, 0)
  await world.state('gateway-condition', { error: 'APIGW.0308' })
  await refused(open(env).list({}), 429, 'APIGW.0308', 'The throttling threshold has been reached.')
})
