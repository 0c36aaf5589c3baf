/** The states of a job, named identically in keys, logs, metrics, the state machine and tests. */
export const STAGE_KINDS = ['map', 'infer', 'reduce'] as const;
export type StageKind = (typeof STAGE_KINDS)[number];

export const JOB_STATES = ['split', ...STAGE_KINDS, 'seal', 'publish', 'monitor'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** How a run can end. After `published` or `partial` only its publish may be finished. */
export const OUTCOMES = ['published', 'partial', 'cancelled', 'failed', 'refused', 'superseded'] as const;
export type OutcomeKind = (typeof OUTCOMES)[number];
