import { isThisMachine } from '../registry-address.ts'
import { isIP } from 'node:net'
import { checkServerIdentity, connect, type ConnectionOptions, type PeerCertificate } from 'node:tls'

import { Broken, need, ok, warn } from './finding.ts'
import { lookupOf, NoAnswer, reasonOf, type Network } from './send.ts'
import type { Visit } from './visit.ts'

const DAY_MS = 86_400_000
const SOON_DAYS = 14

interface Handshake {
  readonly protocol: string
  readonly alpn: string
  readonly certificate: PeerCertificate
  /** Of the whole chain; `null` when it is fine. */
  readonly fault: string | null
}

/** Faults that are no matter of who has signed: they have lines of their own. */
const OTHER_FAULTS = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'ERR_TLS_CERT_ALTNAME_INVALID'])

/** @returns whether a login may be sent there */
export async function probeTls(visit: Visit): Promise<boolean> {
  const { registry, network, check, find } = visit
  if (registry.protocol === 'http:') return probePlain(visit)

  const handshake = await find('tls', async () => {
    const made = await shakeHands(registry, network)
    return [ok(made.protocol), made]
  })
  if (handshake === null) return false
  const { certificate, fault, alpn } = handshake
  const trusted = await check('tls-issuer', () => {
    const issuer = nameOf(certificate.issuer)
    if (fault === null || (OTHER_FAULTS.has(fault) && !isFine(certificate, registry))) return ok(`signed by ${issuer}`)
    if (OTHER_FAULTS.has(fault))
      throw new Broken(
        `a certificate above this one cannot be used (${fault}), though this one can`,
        `let the server send the present certificates of ${issuer}; an authority of your own may have to be renewed`,
      )
    throw new Broken(
      `this machine does not know who has signed the certificate (${issuer}; ${fault})`,
      `with an authority of your own, give its certificate with --ca FILE or NODE_EXTRA_CA_CERTS, and to docker as /etc/docker/certs.d/${registry.host}/ca.crt; otherwise let the server send the certificates in between`,
    )
  })
  const named = await check('tls-name', () => {
    const error = checkServerIdentity(bareName(registry), certificate)
    if (error === undefined) return ok(`the certificate is for ${registry.hostname}`)
    const names = certificate.subjectaltname ?? nameOf(certificate.subject)
    throw new Broken(
      `the certificate is not for ${registry.hostname} but for ${names}`,
      `get a certificate for ${registry.hostname}, or use a name that this one is for`,
    )
  })
  const valid = await check('tls-expiry', () => {
    const todo = 'renew it; clients refuse the registry from that moment on'
    const until = new Date(certificate.valid_to)
    const days = Math.floor((until.getTime() - Date.now()) / DAY_MS)
    const day = until.toISOString().slice(0, 10)
    need(days >= 0, `the certificate has expired on ${day}`, 'renew it: clients refuse the registry')
    const from = new Date(certificate.valid_from)
    need(from.getTime() <= Date.now(), `the certificate is valid only from ${from.toISOString()}`, 'compare the clocks')
    const seen = `the certificate holds for ${days} more days, until ${day}`
    return days < SOON_DAYS ? warn(seen, todo) : ok(seen)
  })
  if (alpn !== '') await check('http-version', () => ok(alpn === 'h2' ? 'HTTP/2' : 'HTTP/1.1'))
  else await check('http-version', () => ok('HTTP/1.1: the server does not negotiate another'))
  return trusted && named && valid
}

async function probePlain({ registry, check }: Visit): Promise<boolean> {
  return check('tls', () =>
    isThisMachine(registry.hostname)
      ? ok('plain http, which docker takes from this machine')
      : warn(
          `plain http on ${registry.hostname}: everybody on the way can read tokens and change images`,
          `put TLS before it; until then each docker needs "insecure-registries": ["${registry.host}"] in its daemon.json`,
        ),
  )
}

async function shakeHands(registry: URL, { resolve, ca, timeoutMs }: Network): Promise<Handshake> {
  const host = bareName(registry)
  const options: ConnectionOptions = {
    host,
    port: registry.port === '' ? 443 : Number(registry.port),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ['h2', 'http/1.1'],
    rejectUnauthorized: false, // nothing is sent: what is wrong with it is to be told
    lookup: lookupOf(resolve),
    ...(ca === null ? {} : { ca: [...ca] }),
  }
  return new Promise((settle, reject) => {
    const socket = connect(options)
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new NoAnswer(`${registry.host} has not answered within ${timeoutMs / 1000} s`))
    }, timeoutMs)
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      const error: unknown = socket.authorizationError // a code, whatever its type says
      settle({
        protocol: socket.getProtocol() ?? 'TLS',
        alpn: nameIn(socket.alpnProtocol),
        certificate: socket.getPeerCertificate(),
        fault: socket.authorized ? null : codeOf(error),
      })
      socket.destroy()
    })
    socket.once('error', (error) => {
      clearTimeout(timer)
      reject(
        new Broken(
          `no handshake with ${registry.host}: ${reasonOf(error)}`,
          'see that something listens there, and that it speaks TLS 1.2 or later for this name',
        ),
      )
    })
  })
}

/** `false`, or nothing, when none was agreed on. */
function nameIn(alpn: string | false | null): string {
  return typeof alpn === 'string' ? alpn : ''
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code)
  return typeof error === 'string' ? error : 'unknown'
}

function bareName({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

function nameOf(subject: Partial<PeerCertificate['issuer']>): string {
  return (
    [subject.O, subject.CN].flat().find((name) => typeof name === 'string' && name !== '') ?? 'somebody without a name'
  )
}

/** Whether its name and its dates are as they should be: what is wrong then is further up. */
function isFine(certificate: PeerCertificate, registry: URL): boolean {
  const [from, until] = [certificate.valid_from, certificate.valid_to].map((text) => Date.parse(text))
  const now = Date.now()
  const inTime = from !== undefined && until !== undefined && from <= now && now < until
  return inTime && checkServerIdentity(bareName(registry), certificate) === undefined
}
