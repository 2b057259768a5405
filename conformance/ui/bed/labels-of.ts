import type { Locator } from 'playwright-core'

/** The labels of elements, in the order of the page. */
export async function labelsOf(elements: Locator): Promise<readonly (string | null)[]> {
  return Promise.all((await elements.all()).map(element => element.getAttribute('aria-label')))
}
