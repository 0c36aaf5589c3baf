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
  /** Of these, how long it took until rows could be worked on, which says nothing of the others; default: 0. */
  readonly waitedSeconds?: number;
  /** What else there is to say, in a few words. */
  readonly detail?: string;
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

/** Below it a clock says nothing of a speed. */
const LEAST_SECONDS = 0.5;

const workedSeconds = ({ elapsedSeconds, waitedSeconds = 0 }: StageProgress): number =>
  elapsedSeconds - waitedSeconds;

const rateOf = (progress: StageProgress): string => {
  const seconds = workedSeconds(progress);
  return seconds < LEAST_SECONDS || progress.rows < seconds
    ? ''
    : `${renderCount(Math.round(progress.rows / seconds))} rows/s`;
};

const leftOf = (progress: StageProgress): string => {
  const { share, shareBefore = 0 } = progress;
  const seconds = workedSeconds(progress);
  if (share === undefined || share >= 1 || seconds < LEAST_SECONDS) return '';
  const gained = share - shareBefore;
  return gained < 0.02 ? '' : `${renderSeconds((seconds * (1 - share)) / gained)} left`;
};

/** The words beside the bar. */
export const renderProgress = (progress: StageProgress): string =>
  [
    progress.rows === 0 ? '' : renderRows(progress.rows),
    rateOf(progress),
    progress.detail ?? '',
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
      stream.write(`${progress.stage}  ${percent}${renderProgress(progress)}\n`);
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
        text: dim(renderProgress(progress)),
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
