// A libp2p peer of another family (js-libp2p: TCP, TLS 1.3, yamux), which a node can pin, and strangers that say nothing.
//
//   node peer.mjs identity SEED                    prints the peer id of the key that follows from a text
//   node peer.mjs converse SEED ADDRESS            asks what its input says, answers what it is asked
//   node peer.mjs rude HOW COUNT HOST PORT [FROM]  opens so many TCP connections and holds them
//
// converse: each line of input is `{"id": 1, "request": "hex"}` or `{"inbound": 1, "response": "hex"}`; each line of output
// `{"connected": "peer id"}`, `{"id": 1, "response": "hex"}` or `{"id": 1, "error": "…"}`, `{"inbound": 1, "request": "hex"}`,
// `{"closed": true}`. With `"raw": true`, the bytes of a request are sent as they are; otherwise as one CBOR byte string.
//
// rude: `silent` sends nothing, `garbage` sends noise, `slow` sends a byte of a real handshake's beginning each 200 ms. Prints
// a line `{"open": n}` when all have been opened, and goes on until its input ends, opening those again that are closed; each
// line of input is answered with how many are open, and how many were closed.
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

// js-libp2p is written for Node.js 22; this is all that it lacks in 20.
Promise.withResolvers ??= () => {
  const made = {}
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
  return made
}

const PROTOCOL = '/comity/1'
const MOST = 1048576 + 5
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const lines = () => createInterface({ input: process.stdin })

const keyOf = async (seed) => {
  const { generateKeyPairFromSeed } = await import('@libp2p/crypto/keys')
  return generateKeyPairFromSeed('Ed25519', createHash('sha256').update(seed).digest())
}

const identityOf = async (seed) => {
  const { peerIdFromPrivateKey } = await import('@libp2p/peer-id')
  return peerIdFromPrivateKey(await keyOf(seed)).toString()
}

// One CBOR byte string (RFC 8949), and back.
const wrapped = (bytes) => {
  const n = bytes.length
  const head =
    n < 24 ? [0x40 | n]
    : n < 0x100 ? [0x58, n]
    : n < 0x10000 ? [0x59, n >> 8, n & 255]
    : [0x5a, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]
  return Buffer.concat([Buffer.from(head), bytes])
}
const unwrapped = (bytes) => {
  const short = bytes[0] & 31
  if (bytes[0] >> 5 !== 2 || short > 26) throw new Error('no byte string')
  const size = short < 24 ? 0 : 1 << (short - 24)
  const length = size === 0 ? short : bytes.readUIntBE(1, size)
  if (bytes.length !== 1 + size + length) throw new Error('a byte string of another length')
  return bytes.subarray(1 + size)
}

const readAll = async (stream) => {
  const chunks = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk.subarray())
    length += bytes.length
    if (length > MOST) throw new Error('a message is too long')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

const writeAll = async (stream, bytes) => {
  if (!stream.send(bytes)) await stream.onDrain()
  // The reader reads to the end of this direction; the other stays open for the answer.
  await stream.close()
}

const converse = async (seed, address) => {
  const { createLibp2p } = await import('libp2p')
  const { tcp } = await import('@libp2p/tcp')
  const { tls } = await import('@libp2p/tls')
  const { yamux } = await import('@chainsafe/libp2p-yamux')
  const { identify } = await import('@libp2p/identify')
  const { ping } = await import('@libp2p/ping')
  const { multiaddr } = await import('@multiformats/multiaddr')
  const node = await createLibp2p({
    privateKey: await keyOf(seed),
    transports: [tcp()],
    connectionEncrypters: [tls()],
    streamMuxers: [yamux()],
    // A node hangs up on a peer that does not answer its pings.
    services: { identify: identify(), ping: ping() },
    connectionGater: { denyDialMultiaddr: () => false }
  })
  const asked = new Map()
  let next = 1
  await node.handle(PROTOCOL, async (stream) => {
    try {
      const request = unwrapped(await readAll(stream))
      const inbound = next++
      asked.set(inbound, stream)
      say({ inbound, request: request.toString('hex') })
    } catch (error) {
      say({ inbound: next++, error: String(error) })
      stream.abort(error)
    }
  })
  node.addEventListener('peer:disconnect', () => say({ closed: true }))
  const connection = await node.dial(multiaddr(address))
  say({ connected: connection.remotePeer.toString() })
  const ask = async ({ id, request, raw }) => {
    try {
      const stream = await connection.newStream(PROTOCOL)
      const bytes = Buffer.from(request, 'hex')
      const answer = readAll(stream)
      await writeAll(stream, raw ? bytes : wrapped(bytes))
      say({ id, response: unwrapped(await answer).toString('hex') })
    } catch (error) {
      say({ id, error: String(error) })
    }
  }
  for await (const line of lines()) {
    const order = JSON.parse(line)
    if (order.inbound === undefined) {
      ask(order)
    } else {
      await writeAll(asked.get(order.inbound), wrapped(Buffer.from(order.response, 'hex')))
      asked.delete(order.inbound)
    }
  }
  await node.stop()
}

// A multistream-select greeting, of which `slow` never sends the end.
const GREETING = Buffer.from('\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n')
const NOISE = createHash('sha512').update('noise').digest()

const rude = async (how, count, host, port, localAddress) => {
  const sockets = new Set()
  let closed = 0
  let ending = false
  const open = () =>
    new Promise((resolve) => {
      const socket = connect({ host, port, localAddress })
      sockets.add(socket)
      let timer
      socket.on('error', () => {})
      socket.once('close', () => {
        clearInterval(timer)
        sockets.delete(socket)
        closed += 1
        // Who is hung up on comes again.
        if (!ending) setTimeout(open, 20)
        resolve()
      })
      socket.once('connect', () => {
        socket.resume()
        if (how === 'garbage') socket.write(NOISE)
        if (how === 'slow') {
          let at = 0
          timer = setInterval(() => socket.write(GREETING.subarray(at % 20, (at++ % 20) + 1)), 200)
        }
        resolve()
      })
    })
  for (let at = 0; at < count; at += 100) {
    await Promise.all(Array.from({ length: Math.min(100, count - at) }, open))
  }
  say({ open: sockets.size })
  for await (const _ of lines()) say({ open: sockets.size, closed })
  ending = true
  for (const socket of sockets) socket.destroy()
}

const [what, ...rest] = process.argv.slice(2)
if (what === 'identity' && rest.length === 1) {
  say({ identity: await identityOf(rest[0]) })
} else if (what === 'converse' && rest.length === 2) {
  await converse(...rest)
} else if (what === 'rude' && [4, 5].includes(rest.length) && ['silent', 'garbage', 'slow'].includes(rest[0])) {
  await rude(rest[0], Number(rest[1]), rest[2], Number(rest[3]), rest[4])
} else {
  process.stderr.write('peer.mjs: identity SEED | converse SEED ADDRESS | rude silent|garbage|slow COUNT HOST PORT [FROM]\n')
  process.exitCode = 2
}
