import assert from 'node:assert/strict'
import test from 'node:test'
import { Refused, ways } from './quickbi.js'
import { newWorld } from './world.js'

const uuid = /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/

// What the canonical forms and the spelling on the wire disagree about.
const reason = '你不是A部门分析师。 a+b&c=d~* (e)!\'"%20/\\'

const decision = (id, status) => ({ ApplicationId: id, Status: status, HandleReason: reason })

const grant = ({ quickbi }) => ({ OperationType: '0', UserIds: quickbi.user_ids.slice(0, 2).join(','), LlmCubes: quickbi.llm_cube_ids[0],
  LlmCubeThemes: quickbi.theme_ids[0], ExpireDay: '2099-12-31' })

function done(reply) {
  assert.equal(reply.Success, true)
  assert.match(reply.RequestId, uuid)
  return reply.Result
}

async function refused(promise, status, code, text) {
  await assert.rejects(promise, (err) => {
    assert.ok(err instanceof Refused, err.stack)
    assert.deepEqual([err.status, err.code, err.text], [status, code, text])
    assert.match(err.requestId, uuid)
    assert.equal(err.hostId, '127.0.0.1')
    return true
  })
}

// temporary are credentials that a provider state has made.
const temporary = (env, made) => ({ ...env, ...made, security_token_in_use: made.security_token })

const flows = {
  'decides an application once': async (world, open) => {
    const { quickbi } = world.env
    const call = open(quickbi)
    for (const [i, status] of ['1', '2'].entries()) {
      const id = quickbi.open_application_ids[i]
      assert.equal(done(await call('ResultCallback', decision(id, status))), true)
      const [application] = (await world.records('quickbi.applications')).filter((a) => a.id === id)
      assert.equal(String(application.flag_status), status)
      assert.equal(application.handle_reason, reason)
      await refused(call('ResultCallback', decision(id, '1')), 400, 'Application.RecordClosed',
        'The closed application record cannot be operated.')
    }
    await refused(call('ResultCallback', decision('no-such-application', '1')), 400, 'Application.NotExist', 'The application is not exists.')
    await refused(call('ResultCallback', { ApplicationId: quickbi.open_application_ids[2], Status: '1' }), 400, 'System.Param.Empty',
      'You must specify the HandleReason parameter.')
    await refused(call('NoSuchAction', {}), 404, 'InvalidAction.NotFound', 'Specified api is not found, please check your url and method.')
  },
  'grants and revokes': async (world, open) => {
    const call = open(world.env.quickbi)
    const granted = async () => (await world.records('quickbi.authorizations')).length
    const before = await granted()
    assert.deepEqual(done(await call('SmartqAuthorize', grant(world.env))), [])
    assert.equal(await granted(), before + 4)
    assert.deepEqual(done(await call('SmartqAuthorize', { ...grant(world.env), OperationType: '1' })), [])
    assert.equal(await granted(), before)
    const partly = { ...grant(world.env), UserIds: `nobody,${world.env.quickbi.user_ids[0]}` }
    assert.deepEqual(done(await call('SmartqAuthorize', partly)), [
      { UserId: 'nobody', LlmCube: partly.LlmCubes, LlmCubeTheme: '', DetailMessage: 'USER_NOT_EXIST' },
      { UserId: 'nobody', LlmCube: '', LlmCubeTheme: partly.LlmCubeThemes, DetailMessage: 'USER_NOT_EXIST' },
    ])
    await refused(call('SmartqAuthorize', { ...grant(world.env), ExpireDay: 'tomorrow' }), 400, 'Date.Format.Error', 'Date format conversion error.')
  },
  'takes temporary credentials': async (world, open) => {
    const env = temporary(world.env.quickbi, await world.state('temporary-credentials'))
    const approve = decision(env.open_application_ids[0], '1')
    await refused(open({ ...env, security_token_in_use: undefined })('ResultCallback', approve), 400, 'MissingSecurityToken',
      'SecurityToken is mandatory for this action.')
    const expired = temporary(world.env.quickbi, await world.state('temporary-credentials-expired'))
    await refused(open(expired)('ResultCallback', approve), 400, 'InvalidSecurityToken.Expired', 'Specified SecurityToken is expired.')
    assert.equal(done(await open(env)('ResultCallback', approve)), true)
  },
  'refuses strangers': async (world, open) => {
    const { quickbi } = world.env
    const approve = decision(quickbi.open_application_ids[0], '1')
    await assert.rejects(open({ ...quickbi, access_key_secret: 'WrongSecret' })('ResultCallback', approve), { code: 'SignatureDoesNotMatch', status: 400 })
    await refused(open({ ...quickbi, access_key_id: 'LTAI5tNoSuchAccessKeyId' })('ResultCallback', approve), 404, 'InvalidAccessKeyId.NotFound',
      'Specified access key is not found.')
    await world.state('ram-user-without-policy')
    await assert.rejects(open(quickbi)('SmartqAuthorize', grant(world.env)), (err) => {
      assert.deepEqual([err.status, err.code], [403, 'NoPermission'])
      assert.equal(err.accessDenied.AuthAction, 'quickbi-public:SmartqAuthorize')
      return true
    })
  },
  'is throttled': async (world, open) => {
    await world.state('throttled', { limit: 'user' })
    await refused(open(world.env.quickbi)('ResultCallback', decision('x', '1')), 400, 'Throttling.User', 'Request was denied due to user flow control.')
  },
}

for (const [way, open] of Object.entries(ways)) {
  for (const [name, flow] of Object.entries(flows)) {
    test(`${way} ${name}`, async (t) => flow(await newWorld(t), open))
  }
}

// @alicloud/pop-core makes capitals of first letters in the parameters and not in the header of the same meaning.
test('pop-core with lower-case names', async (t) => {
  const world = await newWorld(t)
  const call = ways['pop-core POST'](world.env.quickbi)
  assert.equal(done(await call('resultCallback', { applicationId: world.env.quickbi.open_application_ids[0], status: 1, handleReason: 'x' })), true)
})

// @alicloud/openapi-core has a type of error of its own for throttling. (It looks for the time to wait in a header that
// no document has, x-acs-retry-after.)
test('openapi-core tells throttling from other refusals', async (t) => {
  const world = await newWorld(t)
  const call = ways['openapi-core V3 POST query'](world.env.quickbi)
  await assert.rejects(call('ResultCallback', decision('x', '1')), ({ sdk }) => sdk.name === 'ClientError')
  await world.state('throttled', { limit: 'user' })
  await assert.rejects(call('ResultCallback', decision('x', '1')), ({ sdk }) => sdk.name === 'ThrottlingError')
})
