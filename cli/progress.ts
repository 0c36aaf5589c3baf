import { styleText } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';
import { renderCount, renderRows, renderSeconds } from '../functions/core/render-units.ts';

/** What a running stage has done so far. */
export type StageProgress = {
  readonly stage: string;
  /** Share of the input read, 0 to 1; undefined where the engine cannot tell yet. */
  readonly share: number | undefined;
  /** What stood of it before this command began, which says nothing of the time that is left; default: nothing. */
  readonly shareBefore?: number;
  readonly rows: number;
  readonly elapsedSeconds: number;
};

export type ProgressView = {
  readonly update: (progress: StageProgress) => void;
  readonly finish: (stage: string, sentence: string) => void;
  readonly note: (sentence: string) => void;
  readonly close: () => void;
};

/** Where no terminal looks on, a line this often is enough to see that a job lives. */
const QUIET_LINE_SECONDS = 10;

/** A live bar on a terminal, a line now and then elsewhere. Always on `stream`, never on standard output. */
export const openProgress = (stream: NodeJS.WriteStream): ProgressView =>
  stream.isTTY ? openLiveView(stream) : openLineView(stream);

const rateOf = ({ rows, elapsedSeconds }: StageProgress): string =>
  elapsedSeconds < 0.5 || rows < elapsedSeconds
    ? ''
    : `${renderCount(Math.round(rows / elapsedSeconds))} rows/s`;

const leftOf = ({ share, shareBefore = 0, elapsedSeconds }: StageProgress): string => {
  if (share === undefined || share >= 1 || elapsedSeconds < 0.5) return '';
  const gained = share - shareBefore;
  return gained < 0.02 ? '' : `${renderSeconds((elapsedSeconds * (1 - share)) / gained)} left`;
};

const describe = (progress: StageProgress): string =>
  [
    progress.rows === 0 ? '' : renderRows(progress.rows),
    rateOf(progress),
    leftOf(progress) || `${renderSeconds(progress.elapsedSeconds)} so far`,
  ]
    .filter((part) => part !== '')
    .join('  ');

const openLineView = (stream: NodeJS.WriteStream): ProgressView => {
  let lastLineAt = 0;
  return {
    update: (progress) => {
      if (progress.elapsedSeconds - lastLineAt < QUIET_LINE_SECONDS) return;
      lastLineAt = progress.elapsedSeconds;
      const percent = progress.share === undefined ? '' : `${Math.round(progress.share * 100)} %  `;
      stream.write(`${progress.stage}  ${percent}${describe(progress)}\n`);
    },
    finish: (stage, sentence) => {
      lastLineAt = 0;
      stream.write(`${stage}  ${sentence}\n`);
    },
    note: (sentence) => stream.write(`${sentence}\n`),
    close: () => {},
  };
};

const openLiveView = (stream: NodeJS.WriteStream): ProgressView => {
  const dim = (text: string): string => styleText('dim', text, { stream });
  const green = (text: string): string => styleText('green', text, { stream });
  let bar: SingleBar | undefined;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update: (progress) => {
      if (bar === undefined) {
        bar = new SingleBar(
          {
            stream,
            clearOnComplete: true,
            hideCursor: true,
            format: '{stage}  {bar} {percentage} %  {text}',
          },
          Presets.shades_classic,
        );
        bar.start(100, 0, { stage: progress.stage, text: '' });
      }
      bar.update(Math.floor((progress.share ?? 0) * 100), {
        stage: progress.stage,
        text: dim(describe(progress)),
      });
    },
    finish: (stage, sentence) => {
      stop();
      stream.write(`${green(stage)}  ${sentence}\n`);
    },
    note: (sentence) => {
      stop();
      stream.write(`${sentence}\n`);
    },
    close: stop,
  };
};
