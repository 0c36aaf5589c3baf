import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue,
} from '@duckdb/node-api';

/**
 * A text that is equal for two keys of the same types exactly where GROUP BY finds them equal: NULLs are equal,
 * so are NaNs, so are 0.0 and -0.0, and so are intervals of one length with months of 30 days.
 */
export const renderKey = (values: readonly DuckDBValue[]): string => values.map(renderValue).join('');

/** Every form ends where it says so itself, so that no two rows of values give one text. */
const renderValue = (value: DuckDBValue): string => {
  if (typeof value === 'string') return `s${value.length}:${value}`;
  if (typeof value === 'number') return `d${value === 0 ? 0 : value};`;
  if (typeof value !== 'object' || value === null) return `${value};`;
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue)
    return `${value.micros};`;
  if (value instanceof DuckDBDateValue) return `${value.days};`;
  if (value instanceof DuckDBDecimalValue) return `${value.value};`;
  if (value instanceof DuckDBIntervalValue) return renderInterval(value);
  if (value instanceof DuckDBBlobValue) return `${Buffer.from(value.bytes).toString('hex')};`;
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue)
    return `[${value.items.map(renderValue).join('')}]`;
  if (value instanceof DuckDBStructValue)
    return `{${Object.values(value.entries).map(renderValue).join('')}}`;
  if (value instanceof DuckDBMapValue)
    return `(${value.entries.map((entry) => renderValue(entry.key) + renderValue(entry.value)).join('')})`;
  return `${value.toString()};`;
};

const MICROS_PER_DAY = 86_400_000_000n;
const MICROS_PER_MONTH = 30n * MICROS_PER_DAY;

/** As the engine normalizes before it compares (`Interval::Normalize` of DuckDB 1.5). */
const renderInterval = ({ months, days, micros }: DuckDBIntervalValue): string => {
  const microMonths = micros / MICROS_PER_MONTH;
  const restMicros = micros - microMonths * MICROS_PER_MONTH;
  const microDays = restMicros / MICROS_PER_DAY;
  const dayMonths = Math.trunc(days / 30);
  const allMonths = BigInt(months + dayMonths) + microMonths;
  const allDays = BigInt(days - dayMonths * 30) + microDays;
  return `${allMonths},${allDays},${restMicros - microDays * MICROS_PER_DAY};`;
};
