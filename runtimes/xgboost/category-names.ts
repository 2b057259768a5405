import type { DocumentObject } from './document-object.ts'

/** The texts of categories that XGBoost keeps since 3.1, if it was trained on a table with such columns. */
export function readCategoryNames(booster: DocumentObject): readonly (readonly string[] | undefined)[] {
  const holder = booster.has('gbtree') ? booster.object('gbtree') : booster
  const model = holder.has('model') ? holder.object('model') : undefined
  if (model?.has('cats') !== true) return []
  const cats = model.object('cats')
  if (!cats.has('enc')) return []
  return cats.objects('enc').map(column => (column.has('offsets') ? readTexts(column) : undefined))
}

/** The bytes of all texts one behind the other, and where each begins and the last ends. */
function readTexts(column: DocumentObject): readonly string[] | undefined {
  const offsets = column.integers('offsets')
  if (offsets.length === 0) return undefined
  const bytes = Uint8Array.from(column.integers('values'))
  const texts: string[] = []
  for (let index = 1; index < offsets.length; index++) {
    const from = offsets[index - 1]!
    const to = offsets[index]!
    if (from < 0 || to < from || to > bytes.length)
      column.fail(`text ${index - 1} fills bytes ${from} to ${to}; there are ${bytes.length}`)
    texts.push(new TextDecoder().decode(bytes.subarray(from, to)))
  }
  return texts
}
