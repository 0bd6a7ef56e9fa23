import { FUNCTIONS, type MappingFunction } from './functions.ts'
import { mappingError, type Token, tokensOf } from './tokens.ts'

/** What stands at the right of an assignment. */
export type Expression =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'call'; readonly function: MappingFunction; readonly of: readonly Expression[] }
  | {
      readonly kind: 'operation'
      readonly sign: string
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly kind: 'choice'
      readonly when: Expression
      readonly then: Expression
      readonly otherwise: Expression
    }

/** `field = expression`; an expression that is missing takes the field out. */
export interface Assignment {
  readonly field: string
  readonly expression: Expression | undefined
}

const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null }

/** Signs between two values, those that bind least first. */
const SIGNS = [['??'], ['==', '!=', '<', '>', '<=', '>='], ['+', '-'], ['*', '/']] as const

/** Parentheses within each other; more would be a mistake. */
const DEEPEST = 50

/**
 * Reads a mapping: `field = expression; …; delete field`.
 *
 * @throws MillraceError `invalid_setting`
 */
export function parseMapping(source: string): Assignment[] {
  return new Parser(tokensOf(source)).assignments()
}

class Parser {
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  assignments(): Assignment[] {
    const found: Assignment[] = []
    while (!this.#isAtEnd()) {
      if (this.#takes(';')) continue
      found.push(this.#assignment())
      if (!this.#isAtEnd()) this.#need(';')
    }
    if (found.length === 0) throw mappingError(1, 'it changes nothing')
    return found
  }

  #assignment(): Assignment {
    const field = this.#name('the name of a field')
    if (field === 'delete') return { field: this.#name('the field to take out'), expression: undefined }
    this.#need('=')
    return { field, expression: this.#choice() }
  }

  #choice(): Expression {
    this.#depth += 1
    if (this.#depth > DEEPEST) throw mappingError(this.#peek.at, 'it is nested too deep')
    const when = this.#operation(0)
    let found = when
    if (this.#takes('?')) {
      const then = this.#choice()
      this.#need(':')
      found = { kind: 'choice', when, then, otherwise: this.#choice() }
    }
    this.#depth -= 1
    return found
  }

  #operation(level: number): Expression {
    const signs: readonly string[] | undefined = SIGNS[level]
    if (signs === undefined) return this.#value()
    let left = this.#operation(level + 1)
    while (this.#peek.kind === 'sign' && signs.includes(this.#peek.text)) {
      const sign = this.#take().text
      left = { kind: 'operation', sign, left, right: this.#operation(level + 1) }
    }
    return left
  }

  #value(): Expression {
    const token = this.#take()
    if (token.kind === 'text') return { kind: 'value', value: token.text }
    if (token.kind === 'number') return { kind: 'value', value: Number(token.text) }
    if (token.kind === 'sign' && token.text === '-' && this.#peek.kind === 'number') {
      return { kind: 'value', value: -Number(this.#take().text) }
    }
    if (token.kind === 'sign' && token.text === '(') {
      const inner = this.#choice()
      this.#need(')')
      return inner
    }
    if (token.kind !== 'name') throw mappingError(token.at, 'a value was expected')
    if (Object.hasOwn(WORDS, token.text)) return { kind: 'value', value: WORDS[token.text] }
    if (this.#takes('(')) return this.#call(token)
    const path = [token.text]
    while (this.#takes('.')) path.push(this.#name('the name of a field'))
    return { kind: 'field', path }
  }

  #call({ text, at }: Token): Expression {
    if (!Object.hasOwn(FUNCTIONS, text)) {
      throw mappingError(at, `there is no function ${text}: there are ${Object.keys(FUNCTIONS).join(', ')}`)
    }
    const called = FUNCTIONS[text]!
    const of: Expression[] = []
    while (!this.#takes(')')) {
      if (of.length > 0) this.#need(',')
      of.push(this.#choice())
    }
    if (of.length === called.arguments) return { kind: 'call', function: called, of }
    throw mappingError(at, `${text} takes ${called.arguments} values, and not ${of.length}`)
  }

  #isAtEnd(): boolean {
    return this.#peek.kind === 'end'
  }

  get #peek(): Token {
    return this.#tokens[this.#next]!
  }

  #take(): Token {
    const token = this.#peek
    if (token.kind !== 'end') this.#next += 1
    return token
  }

  #takes(sign: string): boolean {
    if (this.#peek.kind !== 'sign' || this.#peek.text !== sign) return false
    this.#next += 1
    return true
  }

  #need(sign: string): void {
    if (!this.#takes(sign)) throw mappingError(this.#peek.at, `${sign} was expected`)
  }

  #name(what: string): string {
    const token = this.#take()
    if (token.kind === 'name') return token.text
    throw mappingError(token.at, `${what} was expected`)
  }
}
