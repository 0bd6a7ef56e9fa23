import { type ErrorCode, MillraceError } from '../../errors.ts'

type LogErrorCode = Extract<ErrorCode, 'log_unavailable' | 'log_refused' | 'log_full'>

interface Verdict {
  readonly code: LogErrorCode
  readonly hint?: string
}

const CREDENTIALS =
  'Check MILLRACE_KAFKA_SASL_MECHANISM, MILLRACE_KAFKA_SASL_USERNAME and MILLRACE_KAFKA_SASL_PASSWORD.'
const TOKEN =
  'Check MILLRACE_KAFKA_SASL_PASSWORD: with OAUTHBEARER this is what a token gets that is not accepted or out of date.'
const RIGHTS = 'Grant the user of MILLRACE_KAFKA_SASL_USERNAME this right on the brokers.'
const TLS =
  'Check MILLRACE_KAFKA_TLS, MILLRACE_KAFKA_TLS_CA, MILLRACE_KAFKA_TLS_CERT and MILLRACE_KAFKA_TLS_KEY.'
const OWN_CERTIFICATE =
  'The brokers ask for a certificate of this client: check MILLRACE_KAFKA_TLS_CERT and MILLRACE_KAFKA_TLS_KEY.'
const HOST =
  'Name the brokers in MILLRACE_KAFKA_BROKERS, and in their advertised.listeners, as their certificates do.'
const CLOSED =
  'If it stays so, the brokers may ask for a login or for TLS: check MILLRACE_KAFKA_SASL_MECHANISM and MILLRACE_KAFKA_TLS.'
const REACH = 'Check MILLRACE_KAFKA_BROKERS, and that the brokers run.'

/**
 * What is not tried again, by the name of Kafka's error or the client's code; and what is tried again with a hint. Whatever
 * is not in this table heals by waiting, as far as anybody knows: elections, coordinators that move, rebalances,
 * too few replicas in sync, time-outs, lost producer states, a topic that not every broker knows yet.
 * https://kafka.apache.org/protocol#protocol_error_codes
 */
export const VERDICTS: Readonly<Record<string, Verdict>> = {
  // Who we are, and what we may do. Nobody is let in by asking again.
  SASL_AUTHENTICATION_FAILED: { code: 'log_refused', hint: CREDENTIALS },
  UNSUPPORTED_SASL_MECHANISM: { code: 'log_refused', hint: CREDENTIALS },
  // What a refused token looks like: the client goes on where the brokers wait for its consent to the refusal.
  ILLEGAL_SASL_STATE: { code: 'log_refused', hint: TOKEN },
  PLT_KFK_AUTHENTICATION: { code: 'log_refused', hint: CREDENTIALS },
  TOPIC_AUTHORIZATION_FAILED: { code: 'log_refused', hint: RIGHTS },
  GROUP_AUTHORIZATION_FAILED: { code: 'log_refused', hint: RIGHTS },
  CLUSTER_AUTHORIZATION_FAILED: { code: 'log_refused', hint: RIGHTS },
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: { code: 'log_refused', hint: RIGHTS },
  SECURITY_DISABLED: { code: 'log_refused' },

  // The certificate of the other side, or ours.
  DEPTH_ZERO_SELF_SIGNED_CERT: { code: 'log_refused', hint: TLS },
  SELF_SIGNED_CERT_IN_CHAIN: { code: 'log_refused', hint: TLS },
  UNABLE_TO_GET_ISSUER_CERT: { code: 'log_refused', hint: TLS },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { code: 'log_refused', hint: TLS },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { code: 'log_refused', hint: TLS },
  CERT_HAS_EXPIRED: { code: 'log_refused', hint: TLS },
  ERR_TLS_CERT_ALTNAME_INVALID: { code: 'log_refused', hint: HOST },
  ERR_SSL_WRONG_VERSION_NUMBER: { code: 'log_refused', hint: TLS },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: { code: 'log_refused', hint: TLS },

  // What we send or ask for.
  MESSAGE_TOO_LARGE: {
    code: 'log_refused',
    hint: 'Raise max.message.bytes of the topic, or send smaller messages.',
  },
  RECORD_LIST_TOO_LARGE: {
    code: 'log_refused',
    hint: 'Raise segment.bytes of the topic, or send smaller batches.',
  },
  INVALID_RECORD: {
    code: 'log_refused',
    hint: 'Is the topic compacted? Then it takes no message without a key.',
  },
  INVALID_TIMESTAMP: {
    code: 'log_refused',
    hint: 'message.timestamp.before.max.ms and .after.max.ms of the topic limit the time of a message.',
  },
  INVALID_TOPIC_EXCEPTION: { code: 'log_refused' },
  INVALID_REQUEST: { code: 'log_refused' },
  INVALID_REQUIRED_ACKS: { code: 'log_refused' },
  INVALID_GROUP_ID: { code: 'log_refused' },
  INCONSISTENT_GROUP_PROTOCOL: {
    code: 'log_refused',
    hint: 'The group has members of another kind: use another MILLRACE_KAFKA_GROUP or MILLRACE_KAFKA_GROUP_PROTOCOL.',
  },
  INVALID_SESSION_TIMEOUT: {
    code: 'log_refused',
    hint: 'Choose MILLRACE_KAFKA_SESSION_TIMEOUT between group.min.session.timeout.ms and group.max.session.timeout.ms of the brokers.',
  },
  POLICY_VIOLATION: { code: 'log_refused' },
  INVALID_CONFIG: { code: 'log_refused' },
  INVALID_PARTITIONS: { code: 'log_refused', hint: 'Check MILLRACE_LOG_PARTITIONS.' },
  INVALID_REPLICATION_FACTOR: {
    code: 'log_refused',
    hint: 'Choose MILLRACE_KAFKA_REPLICAS no higher than there are brokers.',
  },
  UNSUPPORTED_VERSION: { code: 'log_refused', hint: 'Kafka 3.5 or later is needed.' },
  UNSUPPORTED_FOR_MESSAGE_FORMAT: { code: 'log_refused' },
  UNSUPPORTED_COMPRESSION_TYPE: { code: 'log_refused', hint: 'Check MILLRACE_KAFKA_COMPRESSION.' },
  PLT_KFK_UNSUPPORTED: { code: 'log_refused' },
  PLT_KFK_UNSUPPORTED_API: { code: 'log_refused', hint: 'Kafka 3.5 or later is needed.' },
  PLT_KFK_UNSUPPORTED_COMPRESSION: { code: 'log_refused' },
  PLT_KFK_UNSUPPORTED_FORMAT: { code: 'log_refused' },
  PLT_KFK_USER: { code: 'log_refused' },

  // The disk of a broker failed, and that is nearly always a full one.
  KAFKA_STORAGE_ERROR: { code: 'log_full', hint: 'Look at the disks of the brokers.' },

  // Nobody answers. It may be a restart.
  ECONNREFUSED: { code: 'log_unavailable', hint: REACH },
  ENOTFOUND: { code: 'log_unavailable', hint: REACH },
  EHOSTUNREACH: { code: 'log_unavailable', hint: REACH },
  PLT_KFK_TIMEOUT: { code: 'log_unavailable', hint: REACH },
}

/**
 * What brokers say, as an alert of TLS, of a certificate of ours that is missing or not to their liking. With TLS 1.3 it comes when our
 * side of the handshake is over, as an error of reading; Java says `bad_certificate` where there is none. How OpenSSL spells
 * what stands before the alert's name depends on its version.
 * https://www.rfc-editor.org/rfc/rfc8446#section-6.2
 */
const CERTIFICATE_ALERT =
  /^ERR_SSL_.*_ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(?:REVOKED|EXPIRED|UNKNOWN|REQUIRED)|UNKNOWN_CA)$/

const UNKNOWN: Verdict = { code: 'log_unavailable' }

/**
 * An error of the client as one of ours. What is not the client's is given back as it is: nobody knows what it means.
 *
 * @param doing what failed, as the beginning of a sentence: `reading the topic page-views`
 */
export function kafkaError(error: unknown, doing: string): unknown {
  if (error instanceof MillraceError || !isOfClient(error)) return error
  const verdicts = partsOf(error).flatMap(verdictsOf)
  const { code, hint } = verdicts.find((each) => each.code === 'log_refused') ?? verdicts[0] ?? UNKNOWN
  return new MillraceError(code, `Kafka: ${doing}: ${deepestMessage(error)}`, {
    cause: error,
    ...(hint !== undefined && { hint }),
  })
}

/** Whether no retry can mend it. */
export function isRefusal(error: unknown): boolean {
  return partsOf(error)
    .flatMap(verdictsOf)
    .some(({ code }) => code === 'log_refused')
}

/** Whether an error of the client is, or was caused by, one of these. */
export function isKafkaError(error: unknown, ...names: readonly string[]): boolean {
  return namesOf(error).some((name) => names.includes(name))
}

/** Whether the brokers have no such topic. */
export function isUnknownTopic(error: unknown): boolean {
  return error instanceof Error && /^Unknown topic /.test(error.message)
}

interface ClientError {
  readonly message: string
  readonly code?: string
  readonly apiId?: string
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
}

function isOfClient(error: unknown): boolean {
  const code = (error as ClientError | undefined)?.code
  if (typeof code !== 'string') return false
  return code.startsWith('PLT_KFK_') || Object.hasOwn(VERDICTS, code) || CERTIFICATE_ALERT.test(code)
}

/** The names of an error and of everything in it, the outermost first. */
function namesOf(error: unknown): string[] {
  return partsOf(error).flatMap(({ apiId, code }) => [apiId, code].filter((name) => name !== undefined))
}

/** An error and everything in it, the outermost first. */
function partsOf(error: unknown): ClientError[] {
  if (!(error instanceof Error)) return []
  const { cause, errors = [] } = error as ClientError
  return [error, ...errors.flatMap(partsOf), ...partsOf(cause)]
}

function verdictsOf({ apiId, code, message }: ClientError): Verdict[] {
  // A mistake to the client; it is what a topic looks like that was just made, or that a broker has not heard of yet.
  if (code === 'PLT_KFK_USER' && /^Unknown topic /.test(message)) return []
  if (code === 'PLT_KFK_USER' && /\bTLS\b/.test(message)) return [{ code: 'log_refused', hint: TLS }]
  // A broker closes the connection on whoever does not log in, without a word; and when it ends, too.
  if (code === 'PLT_KFK_NETWORK' && message === 'Connection closed')
    return [{ code: 'log_unavailable', hint: CLOSED }]
  if (code && CERTIFICATE_ALERT.test(code)) return [{ code: 'log_refused', hint: OWN_CERTIFICATE }]
  return [apiId, code].flatMap((name) => (name && Object.hasOwn(VERDICTS, name) ? [VERDICTS[name]!] : []))
}

/** What the first and innermost error says: the outer ones say that something failed. */
function deepestMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, cause, errors = [] } = error as ClientError
  const inner = errors[0] ?? cause
  if (inner instanceof Error) return deepestMessage(inner)
  const alert = CERTIFICATE_ALERT.exec((error as ClientError).code ?? '')?.[1]
  // OpenSSL's own words take two lines.
  if (alert) return `the broker refuses this client's TLS: ${alert.toLowerCase().replaceAll('_', ' ')}`
  return message || (error as ClientError).code || 'no reason given'
}
