import type { Fields } from '../../event/decode.ts'
import type { Value } from './functions.ts'
import type { Assignment, Expression } from './parse.ts'

/**
 * The fields after a mapping. Assignments follow each other: a later one sees what an earlier one did. What cannot be computed,
 * such as the number of a text that is none, is not there, and a field that becomes that is taken out.
 */
export function applyMapping(fields: Fields, assignments: readonly Assignment[]): Fields {
  // A map, so that no name of a field is special.
  const changed = new Map(Object.entries(fields))
  for (const { field, expression } of assignments) {
    const value = expression && evaluate(expression, changed)
    if (value === undefined) changed.delete(field)
    else changed.set(field, value)
  }
  return Object.fromEntries(changed)
}

function evaluate(expression: Expression, fields: ReadonlyMap<string, Value>): Value {
  switch (expression.kind) {
    case 'value':
      return expression.value
    case 'field':
      return fieldAt(expression.path, fields)
    case 'call':
      return expression.function.call(...expression.of.map((each) => evaluate(each, fields)))
    case 'choice':
      return evaluate(
        evaluate(expression.when, fields) === true ? expression.then : expression.otherwise,
        fields,
      )
    case 'operation':
      return operate(expression.sign, evaluate(expression.left, fields), () =>
        evaluate(expression.right, fields),
      )
  }
}

function fieldAt([first, ...rest]: readonly string[], fields: ReadonlyMap<string, Value>): Value {
  let value = fields.get(first!)
  for (const name of rest) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, Value>)[name]
  }
  return value
}

function operate(sign: string, left: Value, right: () => Value): Value {
  if (sign === '??') return left ?? right()
  const other = right()
  if (sign === '==') return left === other
  if (sign === '!=') return left !== other
  if (sign === '+' && (typeof left === 'string' || typeof other === 'string')) return joined(left, other)
  if (typeof left !== 'number' || typeof other !== 'number') return undefined
  const result = COMPUTE[sign]!(left, other)
  return typeof result === 'number' && !Number.isFinite(result) ? undefined : result
}

/** No message may be longer; two texts that are joined again and again would be. */
const LONGEST_TEXT = 2 ** 20

function joined(left: Value, right: Value): string | undefined {
  const parts = [left, right]
  if (!parts.every((part) => ['string', 'number', 'boolean'].includes(typeof part))) return undefined
  const text = parts.join('')
  return text.length <= LONGEST_TEXT ? text : undefined
}

const COMPUTE: Readonly<Record<string, (a: number, b: number) => number | boolean>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
}
