/** What stands in a field of a message: a name for it, how it is read, and whether there may be several. */
export interface Field {
  readonly name: string
  readonly read: 'text' | 'hex' | 'whole' | 'fixed64' | 'double' | 'fixed64s' | 'doubles' | Schema
  readonly many?: true
}

/** A message, by the numbers of its fields. Others are passed over. */
export interface Schema {
  readonly [number: number]: Field
}

// biome-ignore lint/suspicious/noExplicitAny: what it is the schema says
export type Message = any

/** Reads protobuf's wire format, independently of those who wrote it. https://protobuf.dev/programming-guides/encoding/ */
export function decodeMessage(bytes: Buffer, schema: Schema): Message {
  const message: Message = {}
  for (const field of Object.values(schema)) if (field.many) message[field.name] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('a message ends too early')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const field = schema[tag >> 3]
    let value: unknown
    switch (tag & 7) {
      case 0:
        value = Number(BigInt.asIntN(64, varint()))
        break
      case 1:
        value = field?.read === 'double' ? bytes.readDoubleLE(at) : bytes.readBigUInt64LE(at)
        at += 8
        break
      case 2: {
        const length = Number(varint())
        value = field && inside(bytes.subarray(at, at + length), field)
        at += length
        break
      }
      case 5:
        value = bytes.readUInt32LE(at)
        at += 4
        break
      default:
        throw new Error(`there is no wire type ${tag & 7}`)
    }
    if (at > bytes.length) throw new Error('a message ends too early')
    if (!field) continue
    if (field.many) message[field.name].push(value)
    else message[field.name] = value
  }
  return message
}

function inside(bytes: Buffer, { name, read }: Field): unknown {
  if (read === 'text') return bytes.toString('utf8')
  if (read === 'hex') return bytes.toString('hex')
  if (read === 'fixed64s') return eights(bytes).map((each) => Number(each.readBigUInt64LE()))
  if (read === 'doubles') return eights(bytes).map((each) => each.readDoubleLE())
  if (typeof read === 'object') return decodeMessage(bytes, read)
  throw new Error(`${name} is not ${read}`)
}

function eights(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length / 8 }, (_, i) => bytes.subarray(8 * i, 8 * i + 8))
}
