import type { HandOver } from '@millrace/server'
import { pathOfTarget } from './ui-paths.ts'

/** Each path goes to the first that takes it. */
export function joinHandOver(first: HandOver, second: HandOver): HandOver {
  return {
    takes: path => first.takes(path) || second.takes(path),
    handle(request, response) {
      if (first.takes(pathOfTarget(request.url))) first.handle(request, response)
      else second.handle(request, response)
    },
  }
}
