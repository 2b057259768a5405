import {
  ActionIcon,
  AppShell,
  Burger,
  Group,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { Outlet, useLocation } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { followEvents, type LiveState } from '../api/follow-events.ts'
import { MoonIcon, SunIcon } from '../parts/icons.tsx'
import { MenuLink, TextLink } from '../parts/links.tsx'
import { BuildInfo } from './build-info.tsx'

const LIVE: Readonly<Record<LiveState, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  interrupted: 'Connection lost; trying again…',
}

/** What surrounds every page: navigation, and whether changes arrive. */
export function Frame() {
  const [isOpen, { toggle, close }] = useDisclosure(false)
  const live = useLive()
  const { pathname } = useLocation()
  const main = useRef<HTMLElement>(null)
  const shown = useRef(pathname)
  useEffect(() => {
    if (shown.current === pathname) return
    shown.current = pathname
    // Keyboard and screen reader go on with the new page, as they would after a load.
    main.current?.focus({ preventScroll: true })
    close()
  }, [pathname, close])
  return (
    <>
      <a href="#main" className="skip-link">
        Skip to the content
      </a>
      <AppShell
        header={{ height: 52 }}
        navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
        padding="md"
        transitionDuration={0}
      >
        <AppShell.Header>
          <Group h="100%" px="md" justify="space-between" wrap="nowrap">
            <Group gap="sm" wrap="nowrap">
              <Burger
                opened={isOpen}
                onClick={toggle}
                hiddenFrom="sm"
                size="sm"
                aria-label="Navigation"
                aria-expanded={isOpen}
              />
              <TextLink to="/models" inherit={false} fw={700} size="lg" underline="never">
                Millrace
              </TextLink>
            </Group>
            <Group gap="xs" wrap="nowrap">
              <Text size="xs" c="dimmed" role="status" lineClamp={1}>
                {LIVE[live]}
              </Text>
              <ColorScheme />
              <BuildInfo />
            </Group>
          </Group>
        </AppShell.Header>
        <AppShell.Navbar p="xs" aria-label="Pages">
          <MenuLink to="/models" label="Models" onClick={close} activeProps={{ active: true }} />
          <MenuLink to="/applications" label="Applications" onClick={close} activeProps={{ active: true }} />
          <MenuLink to="/servables" label="Servables" onClick={close} activeProps={{ active: true }} />
          <MenuLink
            to="/deployment_configs"
            label="Deployment configurations"
            onClick={close}
            activeProps={{ active: true }}
          />
        </AppShell.Navbar>
        <AppShell.Main id="main" tabIndex={-1} ref={main}>
          <Outlet />
        </AppShell.Main>
      </AppShell>
    </>
  )
}

function useLive(): LiveState {
  const client = useQueryClient()
  const [live, setLive] = useState<LiveState>('connecting')
  useEffect(() => followEvents(client, setLive), [client])
  return live
}

function ColorScheme() {
  const { setColorScheme } = useMantineColorScheme()
  const other = useComputedColorScheme('light') === 'dark' ? 'light' : 'dark'
  const label = `Change to ${other} colours`
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={() => setColorScheme(other)}>
        {other === 'dark' ? <MoonIcon /> : <SunIcon />}
      </ActionIcon>
    </Tooltip>
  )
}
