/** What may hold a semicolon that ends nothing (texts, names, comments, heredocs), and the semicolon that ends a statement. */
const PARTS =
  /'(?:[^'\\]|\\[\s\S]|'')*'?|"(?:[^"\\]|\\[\s\S])*"?|`(?:[^`\\]|\\[\s\S])*`?|--[^\n]*|#[! ][^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\$(\w*)\$[\s\S]*?\$\1\$|;/g

/** Behind this come data, to the end of the text: only their format knows what a semicolon in them means. */
const DATA_FOLLOW = /^\s*insert\b(?:(?!\bselect\b)[\s\S])*?\bformat\s+(?!values\b)\w+(?:\s|$)/i

/** The statements of a text of SQL. What is only comments is none. */
export function statementsOf(text: string): string[] {
  const statements: string[] = []
  let from = 0
  let code = ''
  let seen = 0
  const end = (at: number): void => {
    if (code.trim() !== '') statements.push(text.slice(from, at).trim())
    from = at + 1
    code = ''
  }
  for (const { 0: part, index } of text.matchAll(PARTS)) {
    code += text.slice(seen, index)
    seen = index + part.length
    if (DATA_FOLLOW.test(code)) break
    if (part === ';') end(index)
    else if (!/^(--|#|\/\*)/.test(part)) code += part
  }
  code += text.slice(seen)
  end(text.length)
  return statements
}
