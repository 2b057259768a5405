import { ModelList } from '../models/model-list.tsx'
import { PageTitle } from '../parts/page-title.tsx'

/** `/models` */
export function ModelsPage() {
  return (
    <>
      <PageTitle title="Models" />
      <ModelList />
    </>
  )
}
