import { DaybreakError } from './errors.ts';

export type ChangedFile = {
  readonly path: string;
  readonly foundBytes: number;
  readonly pinnedBytes: number;
};

/** An input file is no longer the one that was pinned when the job was planned. */
export class InputChangedError extends DaybreakError {
  override readonly name = 'InputChangedError';

  constructor({ path, foundBytes, pinnedBytes }: ChangedFile, options?: ErrorOptions) {
    super(
      `the input file ${path} ends at byte ${foundBytes}, but had ${pinnedBytes} bytes when the job was planned`,
      options,
    );
  }
}
