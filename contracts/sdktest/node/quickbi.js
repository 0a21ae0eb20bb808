// The three Node SDKs that call Quick BI, brought to one form: call(action, params) resolves to the reply's body or
// rejects with a Refused.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const client = require('@alicloud/openapi-client')
const { RuntimeOptions } = require('@alicloud/tea-util')
const core = require('@alicloud/openapi-core')
const pop = require('@alicloud/pop-core')

export class Refused extends Error {
  constructor(fields) {
    super(`${fields.status} ${fields.code} ${fields.text}`)
    Object.assign(this, fields)
  }
}

const version = '2022-01-01'

// darabonba makes a caller of @alicloud/openapi-client or @alicloud/openapi-core: they have the same interface.
function darabonba({ Client, Config, OpenApiRequest, Params, runtime }, algorithm, method, place) {
  return (env) => {
    const sdk = new Client(new Config({
      accessKeyId: env.access_key_id,
      accessKeySecret: env.access_key_secret,
      securityToken: env.security_token_in_use,
      endpoint: new URL(env.url).host,
      protocol: 'HTTP',
      regionId: 'cn-hangzhou',
      signatureAlgorithm: algorithm,
    }))
    return async (action, params) => {
      const rpc = new Params({ action, version, protocol: 'HTTPS', pathname: '/', method, authType: 'AK', style: 'RPC',
        reqBodyType: 'formData', bodyType: 'json' })
      try {
        return (await sdk.callApi(rpc, new OpenApiRequest({ [place]: params }), runtime())).body
      } catch (err) {
        if (!err.data) throw err // not the service's
        const { Message: text, HostId: hostId, RequestId: requestId } = err.data
        const status = err.statusCode ?? err.data.statusCode
        assert.equal(err.message.replace(`${err.code}: `, ''), `code: ${status}, ${text} request id: ${requestId}`)
        throw new Refused({ status, code: err.code, text, hostId, requestId, accessDenied: err.accessDeniedDetail, sdk: err })
      }
    }
  }
}

const openapiClient = { Client: client.default, Config: client.Config, OpenApiRequest: client.OpenApiRequest, Params: client.Params,
  runtime: () => new RuntimeOptions({}) }
const openapiCore = { Client: core.default, Config: core.$OpenApiUtil.Config, OpenApiRequest: core.$OpenApiUtil.OpenApiRequest,
  Params: core.$OpenApiUtil.Params, runtime: () => ({}) }

// popCore makes a caller of the older SDK, which takes any reply without a Code for a success, whatever its status.
function popCore(method) {
  return (env) => {
    const sdk = new pop.RPCClient({
      endpoint: env.url,
      apiVersion: version,
      accessKeyId: env.access_key_id,
      accessKeySecret: env.access_key_secret,
      securityToken: env.security_token_in_use,
    })
    return async (action, params) => {
      try {
        const body = await sdk.request(action, params, { method })
        return JSON.parse(JSON.stringify(body)) // its objects have no prototype
      } catch (err) {
        if (!err.data) throw err
        const { Message: text, HostId: hostId, RequestId: requestId, AccessDeniedDetail: accessDenied } = err.data
        throw new Refused({ status: err.entry.response.statusCode, code: err.code, text, hostId, requestId, accessDenied, sdk: err })
      }
    }
  }
}

// ways are the SDKs and settings that every flow goes through, by name.
export const ways = { 'pop-core POST': popCore('POST'), 'pop-core GET': popCore('GET') }
for (const [name, sdk] of Object.entries({ 'openapi-client': openapiClient, 'openapi-core': openapiCore })) {
  for (const [scheme, algorithm] of Object.entries({ V3: undefined, V1: 'v2' })) {
    ways[`${name} ${scheme} POST query`] = darabonba(sdk, algorithm, 'POST', 'query')
    ways[`${name} ${scheme} POST form`] = darabonba(sdk, algorithm, 'POST', 'body')
    ways[`${name} ${scheme} GET`] = darabonba(sdk, algorithm, 'GET', 'query')
  }
}
