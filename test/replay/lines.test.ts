import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { inspectFile, LineSplitter, LONGEST_LINE, readLines } from '../../src/replay/lines.ts'
import { temporaryDirectory, temporaryFile } from './helpers.ts'

function split(chunks: readonly Uint8Array[]) {
  const splitter = new LineSplitter()
  return [...chunks.flatMap((chunk) => splitter.split(Buffer.from(chunk))), ...splitter.end()]
}

async function linesOf(path: string): Promise<string[]> {
  const lines: string[] = []
  for await (const some of readLines(await inspectFile(path), () => {})) {
    lines.push(...some.map(({ bytes }) => bytes.toString('latin1')))
  }
  return lines
}

test('lines end with LF or CR LF, and the last one need not', () => {
  const lines = split([Buffer.from('a\r\n\nb\rc\nd')])
  assert.deepEqual(
    lines.map(({ number, bytes }) => [number, bytes.toString()]),
    [
      [1, 'a'],
      [2, ''],
      [3, 'b\rc'],
      [4, 'd'],
    ],
  )
  assert.deepEqual(split([Buffer.from('a\n')]).length, 1)
  assert.deepEqual(split([]), [])
})

test('where chunks begin and end does not matter, and no byte is changed', () => {
  const byte = fc.oneof(
    { arbitrary: fc.constantFrom(10, 13), weight: 1 },
    { arbitrary: fc.nat(255), weight: 3 },
  )
  fc.assert(
    fc.property(fc.array(fc.array(byte), { maxLength: 20 }), (chunks) => {
      const whole = chunks.flat()
      assert.deepEqual(split(chunks.map((chunk) => Uint8Array.from(chunk))), split([Uint8Array.from(whole)]))
      const expected = Buffer.from(whole).toString('latin1').replace(/\n$/, '')
      const found = split([Uint8Array.from(whole)]).map(({ bytes }) => bytes.toString('latin1'))
      if (whole.length > 0)
        assert.deepEqual(
          found,
          expected.split('\n').map((line) => line.replace(/\r$/, '')),
        )
    }),
  )
})

test('a line that is too long is cut, and the next one is whole', () => {
  const chunk = Buffer.alloc(50_000, 'x')
  const [long, next] = split([chunk, chunk, chunk, Buffer.from('\nnext\n')])
  assert.equal(long!.isCut, true)
  assert.equal(long!.bytes.length, LONGEST_LINE)
  assert.deepEqual(next, { number: 2, bytes: Buffer.from('next'), isCut: false })
})

test('compressed files are known by their content, several members too', async (t) => {
  const members = Buffer.concat([gzipSync('a\nb'), gzipSync('c\nd\n')])
  assert.deepEqual(await linesOf(await temporaryFile(t, members)), ['a', 'bc', 'd'])
  assert.deepEqual(await linesOf(await temporaryFile(t, 'a\nb')), ['a', 'b'])
})

test('what cannot be read is named', async (t) => {
  const directory = await temporaryDirectory(t)
  await mkdir(join(directory, 'd'))
  await writeFile(join(directory, 'cut.gz'), gzipSync('a\n'.repeat(1_000)).subarray(0, -4))
  await assert.rejects(inspectFile(join(directory, 'none')), {
    code: 'file_unusable',
    message: /none.*no such file/,
  })
  await assert.rejects(inspectFile(join(directory, 'd')), {
    code: 'file_unusable',
    message: /d.*is a directory/,
  })
  await assert.rejects(inspectFile('/dev/null'), { code: 'file_unusable', message: /no regular file/ })
  await assert.rejects(linesOf(join(directory, 'cut.gz')), {
    code: 'file_unusable',
    message: /cut\.gz.*to its end/,
  })
})
