import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedAnswers, type SharedAnswersOptions } from '../../src/http/shared-answers.ts'

/** Answers with a number that counts up, after so many milliseconds of a clock that the test moves. */
function asking(options: Omit<SharedAnswersOptions, 'monotonic'>) {
  let now = 0
  let asked = 0
  const answers = new SharedAnswers<number>({ ...options, monotonic: () => now })
  return {
    pass: (ms: number) => {
      now += ms
    },
    ask: (key: string, tookMs = 0) =>
      answers.get(key, async () => {
        asked += 1
        const answer = asked
        now += tookMs
        return answer
      }),
  }
}

test('who asks while an answer is on its way gets it, and nobody another one', async () => {
  const { ask } = asking({ keepMs: 0 })
  assert.deepEqual(await Promise.all([ask('a'), ask('a'), ask('b')]), [1, 1, 2])
})

test('a quick answer stands for as long as is said, a slow one for ten times as long as it took', async () => {
  const { ask, pass } = asking({ keepMs: 100, slowMs: 50, longestMs: 2_000 })
  assert.equal(await ask('a', 49), 1)
  pass(99)
  assert.equal(await ask('a'), 1)
  pass(1)
  assert.equal(await ask('a', 50), 2)
  pass(499)
  assert.equal(await ask('a'), 2)
  pass(1)
  assert.equal(await ask('a', 1_000), 3)
  pass(1_999)
  assert.equal(await ask('a'), 3)
  pass(1)
  assert.equal(await ask('a'), 4)
})

test('without a time to stand, what is quick is asked anew each time', async () => {
  const { ask } = asking({ keepMs: 0, slowMs: 250, longestMs: 10_000 })
  assert.deepEqual([await ask('a', 249), await ask('a', 249), await ask('a')], [1, 2, 3])
})

test('an error is for those who waited for it', async () => {
  const answers = new SharedAnswers<number>({ keepMs: 1_000 })
  const fails = () => Promise.reject(new Error('away'))
  const waiting = [answers.get('a', fails), answers.get('a', fails)]
  for (const each of waiting) await assert.rejects(each, /away/)
  assert.equal(await answers.get('a', async () => 7), 7)
})

test('a slow answer that is out is still given, for twice as long as it stood, while a new one is computed', async () => {
  const { ask, pass } = asking({ keepMs: 0, slowMs: 50, longestMs: 1_000, staleTimes: 2 })
  assert.equal(await ask('a', 60), 1)
  pass(600)
  assert.equal(await ask('a', 70), 1)
  assert.equal(await ask('a'), 2)
  pass(700 + 1_400)
  assert.equal(await ask('a', 49), 3)
  assert.equal(await ask('a'), 4)
})

test('who asks after that waits for the one that is on its way, and no other one is asked for', async () => {
  let now = 0
  let asked = 0
  const answers = new SharedAnswers<number>({ keepMs: 0, slowMs: 50, staleTimes: 2, monotonic: () => now })
  const coming: PromiseWithResolvers<number>[] = []
  const get = (): Promise<number> =>
    answers.get('a', () => {
      asked += 1
      coming.push(Promise.withResolvers())
      return coming.at(-1)!.promise
    })
  const first = get()
  now = 100
  coming[0]!.resolve(1)
  assert.equal(await first, 1)
  now = 100 + 3_000 - 1
  assert.deepEqual(await Promise.all([get(), get()]), [1, 1])
  now += 1
  const waiting = [get(), get()]
  coming[1]!.resolve(2)
  assert.deepEqual(await Promise.all(waiting), [2, 2])
  assert.equal(asked, 2)
})

test('an error while a new one is computed costs nobody the old answer; after its time it is told', async () => {
  let now = 0
  const answers = new SharedAnswers<number>({ keepMs: 0, slowMs: 50, staleTimes: 2, monotonic: () => now })
  const get = (ask: () => Promise<number>): Promise<number> => answers.get('a', ask)
  const fails = () => Promise.reject(new Error('away'))
  await get(async () => {
    now = 100
    return 1
  })
  now += 1_000
  assert.equal(await get(fails), 1)
  assert.equal(await get(fails), 1)
  now += 2_000
  await assert.rejects(get(fails), /away/)
  assert.equal(await get(async () => 2), 2)
})
