import type { Page } from '../store/index.ts'

const PAGE_SIZE = 10_000

/** All of a list that the store gives in pages. */
export async function allPages<T extends { readonly id: number }>(
  list: (page: Page) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const all: T[] = []
  for (;;) {
    const page = await list({ limit: PAGE_SIZE, afterId: all.at(-1)?.id })
    if (all.length === 0 && page.length < PAGE_SIZE) return page
    all.push(...page)
    if (page.length < PAGE_SIZE) return all
  }
}
