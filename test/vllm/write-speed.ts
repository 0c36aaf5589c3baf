import { openModelWorld } from '../../cli/model-world.ts';
import { InferStep } from '../../functions/contract/infer-step.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import { putModelHistory } from '../../functions/io/model-history.ts';
import { createFindEngineFacts } from '../../functions/io/models/find-engine-facts.ts';
import { subjectOf } from '../../functions/stages/infer/model-subject.ts';
import { THREADS } from './run-model-job.ts';

/** Remembers a job that never was: the plan then cuts tasks for an engine of this speed, without a pilot. */
export const writeSpeed = async (
  workdir: string,
  { spec, tokensPerSecond }: { readonly spec: unknown; readonly tokensPerSecond: number },
): Promise<void> => {
  const signal = AbortSignal.timeout(60_000);
  const step = InferStep.parse(spec);
  const question = { step, index: 0, adapters: [], baseDir: workdir, threads: THREADS, signal };
  const { model, engine, machine } = await createFindEngineFacts(openModelWorld([]))(question);
  await putModelHistory(await openFileStore(workdir), {
    job: 'never-was',
    finishedAt: new Date(0).toISOString(),
    subject: subjectOf({ model, engine }, machine),
    steps: [
      {
        step: '0'.repeat(64),
        answer: 'text',
        ...(step.sampling?.max_tokens === undefined ? {} : { maxTokens: step.sampling.max_tokens }),
        rows: 1,
        characters: 4,
        promptTokens: 1,
        outputTokens: step.sampling?.max_tokens ?? 1,
        seconds: (1 + (step.sampling?.max_tokens ?? 1)) / tokensPerSecond,
      },
    ],
  });
};
