import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import {
  AclOperations,
  AclPermissionTypes,
  Admin,
  ResourcePatternTypes,
  ResourceTypes,
} from '@platformatic/kafka'
import { Authority, type Certificate } from './certificates.ts'
import { whenReady } from './kafka.ts'
import { quickStart } from './kafka-archive.ts'
import { KafkaCluster } from './kafka-cluster.ts'
import { freePorts } from './ports.ts'

export const USER = 'millrace-user'
export const PASSWORD = 'pass-Word-7Qz=x'

/** A broker that listens in every way that the settings can speak. Each listener is host:port. */
export interface SecuredKafka {
  readonly cluster: KafkaCluster
  /** Without TLS and without login. */
  readonly plain: string
  /** TLS with a certificate of `authority`. */
  readonly tls: string
  /** The same, and clients must show a certificate. */
  readonly mutual: string
  /** Login, by any mechanism but SCRAM-SHA-512, without TLS. */
  readonly sasl: string
  /** Login by any mechanism, over TLS. */
  readonly saslTls: string
  /** TLS with a certificate for another host. */
  readonly otherHost: string
  readonly authority: Authority
  /** One that the broker does not know, and that did not sign its certificate. */
  readonly stranger: Authority
  readonly client: Certificate
  readonly directory: string
}

/** A secured broker that the tests of a file share. Call it at the top level. */
export function sharedSecuredKafka(): () => SecuredKafka {
  let started: SecuredKafka | undefined
  let directory: string | undefined
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-secured-'))
    started = await startSecured(directory)
  })
  after(async () => {
    await started?.cluster[Symbol.asyncDispose]()
    if (directory) await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  })
  return () => {
    if (!started) throw new Error('the broker runs while the tests of this file do')
    return started
  }
}

async function startSecured(directory: string): Promise<SecuredKafka> {
  const authority = await Authority.create(directory, 'authority')
  const stranger = await Authority.create(directory, 'stranger')
  const server = await authority.sign('server')
  const elsewhere = await authority.sign('elsewhere', 'DNS:elsewhere.example')
  const client = await authority.sign('client')
  const ports = await freePorts(7)
  const at = ports.map((port) => `127.0.0.1:${port}`)
  const [controller, plain, tls, mutual, sasl, saslTls, otherHost] = at as [string, ...string[]]
  const listeners = {
    PLAINTEXT: plain!,
    TLS: tls!,
    MUTUAL: mutual!,
    LOGIN: sasl!,
    LOGINTLS: saslTls!,
    ELSEWHERE: otherHost!,
  }
  const advertised = Object.entries(listeners).map(([name, address]) => `${name}://${address}`)
  const cluster = await KafkaCluster.start({
    version: '4',
    brokers: 1,
    directory,
    javaFlags: await quickStart('4'),
    port: ports[1]!,
    properties: {
      'controller.quorum.voters': `1@${controller}`,
      listeners: [...advertised, `CONTROLLER://${controller}`].join(','),
      'advertised.listeners': advertised.join(','),
      'inter.broker.listener.name': 'PLAINTEXT',
      // Who has not logged in may do all; who has, what nobody has forbidden.
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
      'allow.everyone.if.no.acl.found': 'true',
      'listener.security.protocol.map':
        'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,TLS:SSL,MUTUAL:SSL,ELSEWHERE:SSL,LOGIN:SASL_PLAINTEXT,LOGINTLS:SASL_SSL',
      ...certificates('tls', server),
      ...certificates('mutual', server, authority),
      ...certificates('elsewhere', elsewhere),
      ...certificates('logintls', server),
      ...logins('login', ['PLAIN', 'SCRAM-SHA-256', 'OAUTHBEARER']),
      ...logins('logintls', ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']),
    },
  })
  try {
    await whenReady(plain!, 1)
    // One after the other: the brokers take one change of a user in a request.
    for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512']) {
      await addUser(cluster, plain!, `${mechanism}=[password=${PASSWORD}]`)
    }
  } catch (error) {
    await cluster[Symbol.asyncDispose]()
    throw error
  }
  const addresses = {
    plain: plain!,
    tls: tls!,
    mutual: mutual!,
    sasl: sasl!,
    saslTls: saslTls!,
    otherHost: otherHost!,
  }
  return { cluster, ...addresses, authority, stranger, client, directory }
}

/** Forbids the user of the tests one thing, and lets it see what it is about. */
export async function forbid(
  { plain }: SecuredKafka,
  resourceType: 'TOPIC' | 'GROUP' | 'CLUSTER',
  resourceName: string,
  operation: 'CREATE' | 'WRITE' | 'READ',
): Promise<void> {
  const resource = {
    resourceType: ResourceTypes[resourceType],
    resourceName,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: `User:${USER}`,
    host: '*',
  }
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [plain] })
  try {
    await admin.createAcls({
      creations: [
        { ...resource, operation: AclOperations[operation], permissionType: AclPermissionTypes.DENY },
        { ...resource, operation: AclOperations.DESCRIBE, permissionType: AclPermissionTypes.ALLOW },
      ],
    })
  } finally {
    await admin.close()
  }
}

function certificates(listener: string, server: Certificate, clients?: Authority): Record<string, string> {
  const prefix = `listener.name.${listener}.ssl`
  return {
    [`${prefix}.keystore.type`]: 'PEM',
    [`${prefix}.keystore.location`]: server.both,
    ...(clients && {
      [`${prefix}.truststore.type`]: 'PEM',
      [`${prefix}.truststore.location`]: clients.cert,
      [`${prefix}.client.auth`]: 'required',
    }),
  }
}

const MODULES: Readonly<Record<string, string>> = {
  PLAIN: `plain.PlainLoginModule required user_${USER}="${PASSWORD}"`,
  'SCRAM-SHA-256': 'scram.ScramLoginModule required',
  'SCRAM-SHA-512': 'scram.ScramLoginModule required',
  // Takes tokens that nobody signed: the broker is for tests.
  OAUTHBEARER: 'oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker"',
}

function logins(listener: string, mechanisms: readonly string[]): Record<string, string> {
  const prefix = `listener.name.${listener}`
  const modules = mechanisms.map((name) => [
    `${prefix}.${name.toLowerCase()}.sasl.jaas.config`,
    `org.apache.kafka.common.security.${MODULES[name]};`,
  ])
  return { [`${prefix}.sasl.enabled.mechanisms`]: mechanisms.join(','), ...Object.fromEntries(modules) }
}

async function addUser(cluster: KafkaCluster, bootstrap: string, added: string): Promise<void> {
  await cluster.tool('kafka.admin.ConfigCommand', [
    ...['--bootstrap-server', bootstrap, '--alter', '--add-config', added],
    ...['--entity-type', 'users', '--entity-name', USER],
  ])
}
