import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router'
import { Frame } from '../pages/frame.tsx'
import { PageFailure } from '../pages/page-failure.tsx'
import { PageMissing } from '../pages/page-missing.tsx'

const root = createRootRoute({ component: Frame, notFoundComponent: PageMissing })

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => redirect({ to: '/models', throw: true }),
})

const models = createRoute({
  getParentRoute: () => root,
  path: '/models',
  component: lazyRouteComponent(() => import('../pages/models-page.tsx'), 'ModelsPage'),
})
const model = createRoute({
  getParentRoute: () => root,
  path: '/models/$name',
  component: lazyRouteComponent(() => import('../pages/model-page.tsx'), 'ModelPage'),
})
const version = createRoute({
  getParentRoute: () => root,
  path: '/models/$name/$version',
  component: lazyRouteComponent(() => import('../pages/version-page.tsx'), 'VersionPage'),
})
const field = createRoute({
  getParentRoute: () => root,
  path: '/models/$name/$version/profile/$field',
  component: lazyRouteComponent(() => import('../pages/field-page.tsx'), 'FieldPage'),
})
const monitoring = createRoute({
  getParentRoute: () => root,
  path: '/models/$name/$version/monitoring',
  component: lazyRouteComponent(() => import('../pages/monitoring-page.tsx'), 'MonitoringPage'),
})

const applications = createRoute({
  getParentRoute: () => root,
  path: '/applications',
  component: lazyRouteComponent(() => import('../pages/applications-page.tsx'), 'ApplicationsPage'),
})
const application = createRoute({
  getParentRoute: () => root,
  path: '/applications/$name',
  component: lazyRouteComponent(() => import('../pages/application-page.tsx'), 'ApplicationPage'),
})
const applicationEdit = createRoute({
  getParentRoute: () => root,
  path: '/applications/$name/edit',
  component: lazyRouteComponent(() => import('../pages/edit-application-page.tsx'), 'EditApplicationPage'),
})
// Beside the names of applications, which may be any word.
const applicationNew = createRoute({
  getParentRoute: () => root,
  path: '/new/application',
  validateSearch: (search: Readonly<Record<string, unknown>>): { readonly version?: number } =>
    typeof search['version'] === 'number' ? { version: search['version'] } : {},
  component: lazyRouteComponent(() => import('../pages/new-application-page.tsx'), 'NewApplicationPage'),
})

const servables = createRoute({
  getParentRoute: () => root,
  path: '/servables',
  component: lazyRouteComponent(() => import('../pages/servables-page.tsx'), 'ServablesPage'),
})
const servable = createRoute({
  getParentRoute: () => root,
  path: '/servables/$fullName',
  component: lazyRouteComponent(() => import('../pages/servable-page.tsx'), 'ServablePage'),
})

const configurations = createRoute({
  getParentRoute: () => root,
  path: '/deployment_configs',
  component: lazyRouteComponent(() => import('../pages/configurations-page.tsx'), 'ConfigurationsPage'),
})
const configuration = createRoute({
  getParentRoute: () => root,
  path: '/deployment_configs/$name',
  component: lazyRouteComponent(() => import('../pages/configuration-page.tsx'), 'ConfigurationPage'),
})
const configurationNew = createRoute({
  getParentRoute: () => root,
  path: '/new/deployment_config',
  component: lazyRouteComponent(() => import('../pages/new-configuration-page.tsx'), 'NewConfigurationPage'),
})

const routeTree = root.addChildren([
  home,
  models,
  model,
  version,
  field,
  monitoring,
  applications,
  application,
  applicationEdit,
  applicationNew,
  servables,
  servable,
  configurations,
  configuration,
  configurationNew,
])

/** The pages by their addresses. A page's code comes when it is first looked at. */
export function createAppRouter() {
  return createRouter({
    routeTree,
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultErrorComponent: PageFailure,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>
  }
}
