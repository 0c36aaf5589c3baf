import type { Sealed } from '../functions/contract/sealed.ts';
import { renderCount, renderRows, renderSeconds } from '../functions/core/render-units.ts';

/** What a stage did, on the line that ends it. */
export const renderSealed = (
  { totals: { counts, rows }, commits }: Pick<Sealed, 'totals' | 'commits'>,
  seconds: number,
): string => {
  const rejected = counts.rejected > 0 ? `, ${renderCount(counts.rejected)} rejected` : '';
  const tasks = commits.length > 1 ? `, ${commits.length} tasks` : '';
  return `${renderRows(counts.read)} in, ${renderCount(rows)} out${rejected}${tasks}  ${renderSeconds(seconds)}`;
};

/** What was published, on the last line of a run. */
export const renderPublished = ({
  rows,
  parts,
  uri,
}: {
  readonly rows: number;
  readonly parts: number;
  readonly uri: string;
}): string => `${renderRows(rows)} in ${parts} ${parts === 1 ? 'file' : 'files'} to ${uri}`;
