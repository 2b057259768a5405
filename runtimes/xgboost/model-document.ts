import { readFile, stat } from 'node:fs/promises'
import { createDocumentObject, type DocumentObject } from './document-object.ts'
import { readUbj, UbjError } from './ubj-reader.ts'
import { unservable } from './unservable.ts'

/** Node.js holds neither larger texts nor, by default, larger files. */
const MOST_BYTES_OF_JSON = 500_000_000
const MOST_BYTES = 2_000_000_000

/**
 * The document that XGBoost has saved a model as. Whether it is JSON or Universal Binary JSON is told by its first
 * bytes, whatever the file is called.
 * @throws ServingError FAILED_PRECONDITION naming the file, and the place in it
 */
export async function readModelDocument(file: string): Promise<DocumentObject> {
  const { size } = await statOf(file)
  if (size > MOST_BYTES) throw unservable(file, `it has ${size} bytes; allowed are ${MOST_BYTES}`)
  return parseModelDocument(await readFile(file), file)
}

export function parseModelDocument(bytes: Uint8Array, file: string): DocumentObject {
  const fail = (what: string): never => {
    throw unservable(file, what)
  }
  return createDocumentObject(parse(bytes, file), '', fail)
}

async function statOf(file: string): Promise<{ readonly size: number }> {
  const found = await stat(file).catch((cause: unknown) => {
    throw unservable(file, 'there is no such file', cause)
  })
  if (found.isFile()) return found
  throw unservable(
    file,
    'it is a folder without model.bst, model.json or model.ubj; name the file in parameters.uri',
  )
}

function parse(bytes: Uint8Array, file: string): unknown {
  if (bytes.length === 0) throw unservable(file, 'it is empty')
  // Both begin with a brace; JSON goes on with white space or a quote, the binary form with a length or a count.
  if (bytes[0] === 0x7b && bytes.length > 1 && !/[\s"}]/.test(String.fromCharCode(bytes[1]!)))
    return parseUbj(bytes, file)
  if (/^(?:\uFEFF)?\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)))) return parseJson(bytes, file)
  throw unservable(
    file,
    "it is neither JSON nor Universal Binary JSON. If it is in XGBoost's old binary format, convert it with an XGBoost " +
      "before 3.1: xgboost.Booster(model_file='old.bst').save_model('model.json')",
  )
}

function parseUbj(bytes: Uint8Array, file: string): unknown {
  try {
    return readUbj(bytes)
  } catch (error) {
    if (error instanceof UbjError)
      throw unservable(file, `as Universal Binary JSON it is damaged: ${error.message}`, error)
    throw error
  }
}

function parseJson(bytes: Uint8Array, file: string): unknown {
  if (bytes.length > MOST_BYTES_OF_JSON)
    throw unservable(
      file,
      `as JSON it has ${bytes.length} bytes; allowed are ${MOST_BYTES_OF_JSON}. Save it as model.ubj instead`,
    )
  const text = new TextDecoder().decode(bytes)
  try {
    return JSON.parse(text)
  } catch (error) {
    try {
      return JSON.parse(withoutBareNumbers(text))
    } catch {
      const what = error instanceof Error ? error.message : String(error)
      throw unservable(file, `as JSON it is damaged: ${what}`, error)
    }
  }
}

/** XGBoost writes NaN and Infinity as they are, which JSON does not know. They occur where scoring never looks. */
function withoutBareNumbers(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|nan|Infinity|inf)\b/g, token => {
    if (token.startsWith('"')) return token
    return /nan/i.test(token) ? 'null' : token.startsWith('-') ? '-1e999' : '1e999'
  })
}
