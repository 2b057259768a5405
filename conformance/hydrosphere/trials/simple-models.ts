import { field, type VersionView } from '../bed/manager-calls.ts'
import { scripted, type UpBed } from '../bed/up-bed.ts'

/** A model that answers y with this number, after a while. */
export function answering(name: string, y: number, { afterMs = 0, more = {} } = {}) {
  const wait = afterMs === 0 ? '' : `  await new Promise(resolve => setTimeout(resolve, ${afterMs}))\n`
  const code = `export async function predict() {\n${wait}  return [{ name: 'y', datatype: 'FP64', shape: [], data: [${y}] }]\n}\n`
  return { ...scripted(name, code, [field('x', 'DOUBLE', [])], [field('y', 'DOUBLE', [])]), more }
}

export const releaseAnswering = (bed: UpBed, name: string, y: number, afterMs = 0): Promise<VersionView> =>
  bed.release(answering(name, y, { afterMs }))
