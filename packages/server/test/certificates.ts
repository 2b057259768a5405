import { createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'

/** A certificate made for a test, and its key, as PEM texts. */
export interface Issued {
  readonly certificate: string
  readonly key: string
}

export interface Authority extends Issued {
  readonly issue: (commonName: string, options?: IssueOptions) => Issued
}

export interface IssueOptions {
  readonly notAfter?: Date
  readonly isForClients?: boolean
}

const DAY_MS = 24 * 3600 * 1000

/** A certificate authority that nobody knows. Its servers' certificates are good for `localhost` and `127.0.0.1`. */
export function createAuthority(commonName = 'Test authority'): Authority {
  const keys = newKeys()
  const certificate = sign({
    subject: commonName,
    issuer: commonName,
    publicKey: keys.publicKey,
    issuerKey: keys.privateKey,
    notAfter: new Date(Date.now() + DAY_MS),
    extensions: [
      extension('551d13', true, sequence(tlv(0x01, Buffer.of(0xff)))), // basic constraints: an authority
      extension('551d0f', true, bits(Buffer.of(0x06), 1)), // key usage: certificates and revocations
    ],
  })
  return {
    certificate,
    key: pemOf(keys.privateKey),
    issue(name, { notAfter = new Date(Date.now() + DAY_MS), isForClients = false } = {}) {
      const own = newKeys()
      const usage = isForClients ? '2b06010505070302' : '2b06010505070301'
      return {
        key: pemOf(own.privateKey),
        certificate: sign({
          subject: name,
          issuer: commonName,
          publicKey: own.publicKey,
          issuerKey: keys.privateKey,
          notAfter,
          extensions: [
            extension('551d25', false, sequence(objectId(usage))),
            extension(
              '551d11', // alternative names: a host and an address
              false,
              sequence(
                Buffer.concat([tlv(0x82, Buffer.from('localhost')), tlv(0x87, Buffer.of(127, 0, 0, 1))]),
              ),
            ),
          ],
        }),
      }
    },
  }
}

function newKeys() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

interface Contents {
  readonly subject: string
  readonly issuer: string
  readonly publicKey: KeyObject
  readonly issuerKey: KeyObject
  readonly notAfter: Date
  readonly extensions: readonly Buffer[]
}

// X.509 (RFC 5280, section 4.1) in DER, as little of it as TLS needs.

function sign(contents: Contents): string {
  const ecdsaWithSha256 = tlv(0x30, objectId('2a8648ce3d040302'))
  const body = sequence(
    Buffer.concat([
      tlv(0xa0, tlv(0x02, Buffer.of(2))), // version 3
      tlv(0x02, Buffer.concat([Buffer.of(0x01), randomBytes(15)])), // serial number
      ecdsaWithSha256,
      nameOf(contents.issuer),
      sequence(Buffer.concat([timeOf(new Date(Date.now() - DAY_MS)), timeOf(contents.notAfter)])),
      nameOf(contents.subject),
      contents.publicKey.export({ type: 'spki', format: 'der' }),
      tlv(0xa3, sequence(Buffer.concat(contents.extensions))),
    ]),
  )
  const signature = createSign('sha256').update(body).sign(contents.issuerKey)
  const der = sequence(Buffer.concat([body, ecdsaWithSha256, bits(signature, 0)]))
  const lines = der.toString('base64').replaceAll(/.{64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), value])
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), value])
}

function sequence(value: Buffer): Buffer {
  return tlv(0x30, value)
}

function objectId(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, 'hex'))
}

function bits(value: Buffer, unusedBits: number): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.of(unusedBits), value]))
}

function nameOf(commonName: string): Buffer {
  const attribute = Buffer.concat([objectId('550403'), tlv(0x0c, Buffer.from(commonName))])
  return sequence(tlv(0x31, sequence(attribute)))
}

function timeOf(date: Date): Buffer {
  return tlv(0x18, Buffer.from(date.toISOString().replaceAll(/[-:T]|\.\d+/g, '')))
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  const critical = isCritical ? tlv(0x01, Buffer.of(0xff)) : Buffer.alloc(0)
  return sequence(Buffer.concat([objectId(id), critical, tlv(0x04, value)]))
}
