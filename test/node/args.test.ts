import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parseOptions } from '../../src/node/args.ts'
import { StartFailure } from '../../src/node/failure.ts'

const S3 = { S3_BUCKET: 'images', S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'secret' }

test('without options: loopback, port 5000 and the next, .roadstead here, the embedded store', () => {
  expect(parseOptions([], {})).toEqual({
    host: '127.0.0.1',
    port: 5000,
    storagePort: 5001,
    data: resolve('.roadstead'),
    open: false,
    tls: null,
    s3: null,
    settings: {},
  })
})

test.each([
  [['--port', '6000'], { port: 6000, storagePort: 6001 }],
  [['--port=0'], { port: 0, storagePort: 0 }],
  [['--storage-port', '7000'], { port: 5000, storagePort: 7000 }],
  [['--host', '0.0.0.0'], { host: '0.0.0.0' }],
  [['--open'], { open: true }],
  [['--tls-cert', 'a.crt', '--tls-key', '/b.key'], { tls: { cert: resolve('a.crt'), key: resolve('/b.key') } }],
  [['--log-requests'], { settings: { LOG_REQUESTS: 'all' } }],
  [['--data', '/var/lib/x'], { data: resolve('/var/lib/x') }],
])('%j: %j', (argv, want) => {
  expect(parseOptions(argv, {})).toMatchObject(want)
})

test('--help asks for the help', () => {
  expect(parseOptions(['--help', '--port', 'x'], {})).toBeNull()
})

test.each([
  [['--prot', '5000'], "Cannot read the options: Unknown option '--prot' (see --help)"],
  [['5000'], "Cannot read the options: Unexpected argument '5000' (see --help)"],
  [['--port'], "Cannot read the options: Option '--port <value>' argument missing (see --help)"],
  [['--port', 'http'], 'Cannot use --port "http": it is not a port number from 0 to 65535'],
  [['--port', '65536'], 'Cannot use --port "65536": it is not a port number from 0 to 65535'],
  [['--port', ''], 'Cannot use --port "": it is not a port number from 0 to 65535'],
  [['--storage-port', '1.5'], 'Cannot use --storage-port "1.5": it is not a port number from 0 to 65535'],
  [['--tls-cert', 'a.crt'], 'Cannot use --tls-cert without --tls-key: TLS needs both'],
  [['--tls-key', 'b.key'], 'Cannot use --tls-key without --tls-cert: TLS needs both'],
  [['--tls-key', 'b.key', '--tls-cert', ''], 'Cannot use --tls-key without --tls-cert: TLS needs both'],
  [['--port', '65535'], 'Cannot use the port after 65535 for the storage: name a --storage-port'],
  [['--port', '80', '--storage-port', '80'], 'Cannot use port 80 twice: --port and --storage-port must differ'],
])('%j is refused: %s', (argv, message) => {
  expect(() => parseOptions(argv, {})).toThrow(new StartFailure(message))
})

test('an external storage is described by the environment', () => {
  const want = {
    endpoint: 'http://127.0.0.1:9000',
    bucket: 'images',
    region: 'auto',
    accessKeyId: 'id',
    secretAccessKey: 'secret',
    pathStyle: 'true',
  }
  const env = { ...S3, S3_ENDPOINT: 'http://127.0.0.1:9000' }
  expect(parseOptions([], env)?.s3).toEqual(want)
  expect(parseOptions(['--s3-endpoint', 'https://s3.test'], env)?.s3?.endpoint).toBe('https://s3.test')
  const more = { ...env, S3_REGION: 'eu-central-1', S3_PATH_STYLE: 'false' }
  expect(parseOptions([], more)?.s3).toEqual({ ...want, region: 'eu-central-1', pathStyle: 'false' })
})

test('what else the Worker can be told is passed on where it is set', () => {
  const env = { S3_FEATURES: 'checksum-sha256', S3_TIMEOUT_MS: '5000', TAG_READS: '', PATH: '/bin' }
  expect(parseOptions([], env)?.settings).toEqual({ S3_FEATURES: 'checksum-sha256', S3_TIMEOUT_MS: '5000' })
})

test('the environment says where the registry is to be found and what it logs, the command line says it last', () => {
  const env = { PUBLIC_ORIGIN: 'https://{host}', BLOB_REDIRECT_ORIGIN: 'https://layers.test', LOG_REQUESTS: 'none' }
  expect(parseOptions([], env)?.settings).toEqual(env)
  expect(parseOptions(['--log-requests'], env)?.settings).toEqual({ ...env, LOG_REQUESTS: 'all' })
})

test('an empty S3_ENDPOINT means the embedded store', () => {
  expect(parseOptions([], { ...S3, S3_ENDPOINT: '' })?.s3).toBeNull()
})

test.each(['S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'])('a missing %s is named', (name) => {
  const message = `Cannot use storage "http://s3.test": ${name} is not set in the environment`
  expect(() => parseOptions(['--s3-endpoint', 'http://s3.test'], { ...S3, [name]: '' })).toThrow(
    new StartFailure(message),
  )
})

test.each(['s3.test:9000', 'ftp://s3.test', 'nonsense'])('"%s" is not an endpoint', (endpoint) => {
  const message = `Cannot use storage "${endpoint}": it is not an http or https URL`
  expect(() => parseOptions(['--s3-endpoint', endpoint], S3)).toThrow(new StartFailure(message))
})
