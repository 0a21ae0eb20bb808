// A world of the test's own on the server that COUNTERSIGN_URL names.
import assert from 'node:assert/strict'

const url = process.env.COUNTERSIGN_URL
assert.ok(url, 'COUNTERSIGN_URL has to say where the server is')

async function admin(method, path, body) {
  const reply = await fetch(`${url}/__admin${path}`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  const text = await reply.text()
  assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${text}`)
  return text && JSON.parse(text)
}

// newWorld makes a world that is thrown away with the test `t`. It has `env`, the sections of `countersign env`, and
// two functions: `state` runs a provider state, `records` reads a collection.
export async function newWorld(t, setting = {}) {
  const { name, env } = await admin('POST', '/worlds', setting)
  t.after(() => admin('DELETE', `/worlds/${name}`))
  return {
    env,
    state: (state, params = {}) => admin('POST', `/worlds/${name}/states`, { name: state, params }),
    records: async (collection) => (await admin('GET', `/worlds/${name}/${collection}?limit=1000`)).records,
  }
}
