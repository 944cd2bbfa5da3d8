/** The replica's events as they arrive at the window. */

export interface StartDetail {
  reason: 'first' | 'changed' | 'repair' | 'forced';
  from: string | null;
  to: string;
  tables: string[];
}

export interface ProgressDetail {
  table: string;
  rows: number;
  expectedRows?: number;
  tablesDone: number;
  tablesTotal: number;
}

export interface CompleteDetail {
  from: string | null;
  to: string;
  tables: string[];
  rows: number;
  durationMs: number;
}

export interface ErrorDetail {
  code: string;
  message: string;
  retryable: boolean;
}

export interface ReplicaEvents {
  'electric:migration:start': StartDetail;
  'electric:migration:progress': ProgressDetail;
  'electric:migration:complete': CompleteDetail;
  'electric:migration:error': ErrorDetail;
  'electric:update-needed': unknown;
}

/** Calls `listener` with each event's detail. */
export function listen<Name extends keyof ReplicaEvents>(name: Name, listener: (detail: ReplicaEvents[Name]) => void): void {
  window.addEventListener(name as string, (event) => listener((event as CustomEvent<ReplicaEvents[Name]>).detail));
}
