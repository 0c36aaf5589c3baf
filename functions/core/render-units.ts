const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** 1536 becomes `1.5 kB`: decimal units, as S3 and disks are sold. */
export const renderBytes = (bytes: number): string => {
  let value = bytes;
  let unit = 0;
  // As it is rounded: 999,999 is 1.0 MB, not 1000 kB.
  while (Math.round(value) >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 9.95 ? 1 : 0)} ${UNITS[unit]}`;
};

/** 1234567 becomes `1,234,567`. */
export const renderCount = (count: number): string => count.toLocaleString('en-US');

/** 1 becomes `1 row`, 1234 becomes `1,234 rows`. */
export const renderRows = (rows: number): string => `${renderCount(rows)} ${rows === 1 ? 'row' : 'rows'}`;

/** 12.5 becomes `12.50 USD`; what is less than a dollar has two digits that count: `0.0012 USD`. */
export const renderUsd = (usd: number): string => {
  if (usd === 0 || usd >= 1) return `${usd.toFixed(2)} USD`;
  const digits = Math.min(20, Math.max(2, 1 - Math.floor(Math.log10(usd))));
  return `${usd.toFixed(digits)} USD`;
};

/** 0.42 becomes `0.4 s`, 90 becomes `1m 30s`, 5400 becomes `1h 30m`. */
export const renderSeconds = (seconds: number): string => {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  return `${Math.floor(whole / 3600)}h ${Math.floor((whole % 3600) / 60)}m`;
};

const BYTE_UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Reads `512MB`, `1.5 GiB` or `1000000` as bytes; undefined where it is none of these. */
export const parseBytes = (text: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)?$/i.exec(text.trim());
  const unit = BYTE_UNITS[(match?.[2] ?? 'b').toLowerCase()];
  return match === null || unit === undefined ? undefined : Math.floor(Number(match[1]) * unit);
};
