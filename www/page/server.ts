/** The demo server's buttons. */

export interface ServerState {
  version: string;
  /** Place of that migration, from 0. */
  index: number;
  next: { tag: string; description: string } | null;
  rows: number;
}

export const server = {
  state: (): Promise<ServerState> => call('GET', '/api/state'),
  deploy: (): Promise<ServerState & { deployed: string | null }> => call('POST', '/api/deploy'),
  write: (): Promise<{ id: string }> => call('POST', '/api/rows'),
  reset: (): Promise<ServerState> => call('POST', '/api/server-reset'),
};

async function call<Answer>(method: 'GET' | 'POST', path: string): Promise<Answer> {
  const response = await fetch(path, { method });
  if (!response.ok) throw new Error(`the server answered ${String(response.status)} to ${path}`);
  return (await response.json()) as Answer;
}
