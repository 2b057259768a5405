import type { ServerLogger } from '@millrace/server'
import pc from 'picocolors'
import { CommandFailure } from '../command-failure.ts'
import { failureLine } from '../failure-line.ts'
import { runApply } from '../manage/apply/run-apply.ts'
import type { Platform } from './start-platform.ts'

export interface FirstStart {
  readonly platform: Platform
  /** A resource file, or a folder of them. */
  readonly path: string
  readonly log: ServerLogger
}

type Asked = Pick<Platform, 'url' | 'ownHeaders'>

/** Seconds that an application of the first start may take until it is ready. */
const TIMEOUT_S = 120

/**
 * Applies resource files to a platform that has no models yet, and asks each application for a first prediction, which it
 * prints with the line that asks for it. Later starts leave what is there alone, and print those lines.
 */
export async function applyAtFirstStart({ platform, path, log }: FirstStart): Promise<void> {
  const { store, url, ownHeaders } = platform
  const isFirst = (await store.models.list()).length === 0
  if (isFirst) {
    try {
      await runApply({
        filename: [path],
        timeout: TIMEOUT_S,
        output: 'text',
        server: url,
        header: ownHeaders,
      })
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error
      // The platform serves all the same, and is what one mends it with.
      process.stderr.write(failureLine(error.message))
    }
  }
  const names = await applicationNames(platform)
  // What was there before starts again with the platform.
  if (!isFirst) await platform.untilServed(names, TIMEOUT_S * 1000)
  for (const name of names) {
    try {
      await showPrediction(platform, name)
    } catch (error) {
      log.warn('an application did not answer its first prediction', { application: name, error })
    }
  }
}

async function showPrediction({ url, ownHeaders: headers }: Asked, name: string): Promise<void> {
  const inputs = await text(`${url}/api/v2/application/generateInputs/${encodeURIComponent(name)}`, {
    headers,
  })
  const target = `${url}/gateway/application/${encodeURIComponent(name)}`
  const body = JSON.stringify(JSON.parse(inputs))
  const answer = await text(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  const line = `curl -s ${target} -H 'content-type: application/json' -d '${body.replaceAll("'", "'\\''")}'`
  process.stdout.write(`\n${line}\n${pc.green(answer.trim())}\n`)
}

async function applicationNames({ url, ownHeaders: headers }: Asked): Promise<readonly string[]> {
  const list = JSON.parse(await text(`${url}/api/v2/application`, { headers })) as readonly {
    readonly name: string
  }[]
  return list.map(({ name }) => name)
}

async function text(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, init)
  const answer = await response.text()
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${answer}`)
  return answer
}
