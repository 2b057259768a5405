import { field, type Upload } from '../../hydrosphere/bed/manager-calls.ts'
import { scripted } from '../../hydrosphere/bed/up-bed.ts'

const X = [field('x', 'DOUBLE', [])]
const Y = [field('y', 'DOUBLE', [])]

/** A model that answers this number, whatever it is asked. */
export function saying(name: string, number: number, more: object = {}): Upload {
  const code = `export const predict = () => [{ name: 'y', datatype: 'FP64', shape: [], data: [${number}] }]\nconsole.log('${name} says ${number}')\n`
  return { ...scripted(name, code, X, Y), more }
}
