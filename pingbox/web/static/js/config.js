/**
 * Where the chat's socket is, and whether the server is this machine's emulator. config.json may say
 * {"wsUrl": "wss://…", "local": true}; a path, or nothing, means this very server.
 */
export async function loadConfig(fetch, location) {
  const response = await fetch('config.json', { cache: 'no-store' });
  const config = response.ok ? await response.json() : {};
  return { wsUrl: socketUrl(config.wsUrl ?? '/dev', location), local: config.local === true };
}

export function socketUrl(address, location) {
  const url = new URL(address, location);
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:';
  return url.href;
}
