import type { ModelVersionRecord, StoreTables } from '../../store/index.ts'
import { allPages } from '../all-pages.ts'
import { toVersionView, type VersionView } from './version-json.ts'

/** All versions as lists show them, with the names of the applications that use them. */
export async function listVersionViews(store: StoreTables): Promise<readonly VersionView[]> {
  const applications = await store.applications.namesByVersion()
  const versions = await allPages(page => store.modelVersions.list(page))
  return versions.map(version => toVersionView(version, applications.get(version.id) ?? []))
}

/** One version as lists show it. */
export async function viewVersion(store: StoreTables, version: ModelVersionRecord): Promise<VersionView> {
  const applications = await store.applications.namesByVersion([version.id])
  return toVersionView(version, applications.get(version.id) ?? [])
}
