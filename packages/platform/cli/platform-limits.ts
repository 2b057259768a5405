import type { ServerSettings } from '@millrace/server'

const MIB = 1024 * 1024
/** Models of pictures and texts are asked with more than the 4 MiB that gRPC takes by itself. */
const GRPC_MESSAGE_BYTES = 512 * MIB

/**
 * The settings with the limits of a platform where nobody has said anything else.
 * @param origins where each setting came from, as `loadServerSettings` tells
 */
export function withPlatformLimits(
  settings: ServerSettings,
  origins: ReadonlyMap<string, string>,
): ServerSettings {
  if (origins.get('grpc_max_message_length') !== 'default') return settings
  return { ...settings, grpcMaxMessageBytes: Math.min(GRPC_MESSAGE_BYTES, settings.maxInflightBytes) }
}
