// A program that listens on APP_PORT and says that it is ready in the way that PROTOCOL names, or misbehaves as BEHAVIOUR
// says. It speaks bare HTTP/2, so that it starts quickly. It reads commands from the file CONTROL whenever it is asked
// whether it is ready.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer } from 'node:net'

const { APP_PORT, HOST, MODEL_DIR, PROTOCOL = 'G3', BEHAVIOUR = '', CONTROL = '' } = process.env
const OLDER_PREDICT = '/tensorflow.serving.PredictionService/Predict'
const STATUS = '/tensorflow.serving.PredictionService/Status'
const THIRD_PREDICT = '/hydrosphere.serving.runtime.PredictionService/Predict'
const HEALTH = '/grpc.health.v1.Health/Check'
const SERVER_READY = '/inference.GRPCInferenceService/ServerReady'
const PATHS: Record<string, readonly string[]> = {
  G1: [OLDER_PREDICT],
  G2: [OLDER_PREDICT, STATUS],
  G3: [THIRD_PREDICT, HEALTH],
  'G3-bare': [THIRD_PREDICT],
  V2: [SERVER_READY],
  'V2-health': [SERVER_READY, HEALTH],
  nothing: [],
}
const UNIMPLEMENTED = '12'
const INTERNAL = '13'

const say = (line: string) => process.stdout.write(`${line}\n`)
const startedMs = performance.now()

/** What it was told last: `serving`, `failing`, `silent`. */
function mood(): string {
  if (CONTROL !== '' && existsSync(CONTROL)) return readFileSync(CONTROL, 'utf8')
  if (BEHAVIOUR === 'failing') return 'failing'
  return BEHAVIOUR === 'late' && performance.now() - startedMs < 300 ? 'starting' : 'serving'
}

/** One answer message: a state, and a text where there is one. */
function stateMessage(path: string): Buffer {
  const state = { serving: 1, failing: 2 }[mood()] ?? 0
  if (path === SERVER_READY) return Buffer.of(0x08, state === 1 ? 1 : 0)
  const text = Buffer.from(state === 2 ? 'func_main is missing' : '')
  return path === STATUS
    ? Buffer.concat([Buffer.of(0x08, state, 0x12, text.length), text])
    : Buffer.of(0x08, state)
}

/** So many MiB as BALLAST says, beside which a program's own memory is little. */
const ballast: Buffer[] = []

function listen(): void {
  ballast.push(Buffer.alloc(Number(process.env['BALLAST'] ?? 0) * 1024 * 1024, 1))
  const server = createHttp2Server()
  server.on('sessionError', () => {})
  server.on('stream', (stream, headers) => {
    const path = String(headers[':path'])
    stream.on('error', () => {})
    if (mood() === 'silent') return
    const head = { ':status': 200, 'content-type': 'application/grpc' }
    if (!PATHS[PROTOCOL]!.includes(path) || path.endsWith('/Predict')) {
      const status = PATHS[PROTOCOL]!.includes(path) ? INTERNAL : UNIMPLEMENTED
      stream.respond({ ...head, 'grpc-status': status }, { endStream: true })
      return
    }
    const message = stateMessage(path)
    const frame = Buffer.alloc(5)
    frame.writeUInt32BE(message.length, 1)
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.respond(head, { waitForTrailers: true })
    stream.end(Buffer.concat([frame, message]))
  })
  server.on('error', error => {
    process.stderr.write(`${String(error)}\n`)
    process.exit(1)
  })
  server.listen(Number(APP_PORT), HOST, () => say('listening'))
}

say(`hello, pid ${process.pid}, folder ${MODEL_DIR}, in ${process.cwd()}`)
process.stderr.write('to the other stream\n')
if (BEHAVIOUR === 'stubborn') process.on('SIGTERM', () => say('not now'))

switch (BEHAVIOUR) {
  case 'exit':
    say('the last word')
    process.exitCode = 3
    break
  case 'unlucky':
    say('no luck')
    process.exitCode = 1
    break
  case 'deaf':
    setInterval(say, 60_000, 'still here')
    break
  case 'http1':
    createServer(socket => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      Number(APP_PORT),
      HOST,
    )
    break
  case 'hungry': {
    const held: Buffer[] = []
    setInterval(() => held.push(Buffer.alloc(16 * 1024 * 1024, 1)), 10)
    listen()
    break
  }
  case 'breakable':
    if (existsSync(process.env['BROKEN'] ?? '')) {
      say('it is broken')
      process.exitCode = 1
    } else {
      listen()
    }
    break
  case 'growing': {
    // To so many MiB as the file GROW says.
    const held: Buffer[] = []
    setInterval(() => {
      const path = process.env['GROW'] ?? ''
      const wanted = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
      while (held.length < wanted) held.push(Buffer.alloc(1024 * 1024, 1))
    }, 10)
    listen()
    break
  }
  case 'parent': {
    // One child in the group, and one that has left it.
    for (const detached of [false, true]) {
      const child = spawn('sleep', ['600'], { detached, stdio: 'ignore' })
      say(`child ${child.pid}`)
    }
    listen()
    break
  }
  case 'talkative': {
    const chunk = Buffer.alloc(1024 * 1024, `${'x'.repeat(127)}\n`)
    let left = 2048
    const write = () => {
      while (left > 0) {
        left--
        if (!process.stdout.write(chunk)) {
          process.stdout.once('drain', write)
          return
        }
      }
      say('all is said')
      listen()
    }
    write()
    break
  }
  default:
    listen()
}
