import { useQuery } from '@tanstack/react-query'
import { applicationsQuery } from '../api/queries.ts'

/** One application out of the list that events keep up to date; `undefined` as data when there is none of this name. */
export function useApplication(name: string) {
  return useQuery({
    ...applicationsQuery(),
    select: applications => ({ application: applications.find(application => application.name === name) }),
  })
}
